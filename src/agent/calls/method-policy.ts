import type { AgentCache } from '../../core/cache.js';
import type { CacheKeyGenerator } from '../../core/key/cache-key-generator.js';
import type { Duration } from '../../core/policy/duration.js';
import type { Resource } from '../../core/policy/resource.js';
import type { ForkSource } from '../../core/ports/fork-source.js';
import type { ToolDescriptors } from '../descriptors/tool-descriptor.js';

/** One call of a method that a decorator or a binding put the cache around. */
export interface MethodCall {
  /** The object the method was called on. */
  readonly instance: object;
  readonly args: readonly unknown[];
  /** `Class.method`, for messages and labels. Bounded, but not unique. */
  readonly name: string;
  /** The method alone: what is left of the identity where a `namespace` takes the provider's place. */
  readonly method: string;
  /**
   * Provider and method that own the results, the same in every process of the app, e.g. `AppModule.Prices.of`.
   * `null`: the instance cannot be told from others of its class, so nothing may be shared unless a `namespace` says so.
   */
  readonly identity: string | null;
  /** Runs the original method, with `args` or with others. */
  proceed(args?: readonly unknown[]): Promise<unknown>;
  /**
   * The same where nothing of the outcome is cached: the values of an Observable reach the subscriber as they come, and are
   * no part of what this resolves to when it ends. `onLeave` is called in the very moment the subscriber leaves before that:
   * it may go on at once.
   */
  pass(onLeave?: () => Promise<unknown>): Promise<unknown>;
  /**
   * Runs the original method once more, for nobody: cached methods that it calls run too, and what an Observable emits is
   * collected whether or not its subscriber is still there.
   */
  again(): Promise<unknown>;
  /** The single results inside what `proceed` resolved to: itself, or the values that an Observable emitted. */
  resultsOf(outcome: unknown): readonly unknown[];
  /** The reverse of `resultsOf`. */
  outcomeFrom(results: readonly unknown[]): unknown;
  /** Asks a function of the app's own. What it throws is for the caller, as if the method had thrown it. */
  consult<T>(hook: () => T): Promise<Awaited<T>>;
}

/** Knows what files and folders are like at a moment. */
export interface FileStates {
  /**
   * A text that is another one once any of the files, or of the files in the folders, is another one; other resources do not
   * count. `null`: nobody can tell, because something changed within the grain of the clock, there is too much of it, or it
   * cannot be looked at.
   */
  of(resources: readonly Resource[], how: 'stat' | 'content'): Promise<string | null>;
}

/**
 * Runs the method of a hit again, as if nothing was cached. `null`: what the answer depends on has changed meanwhile. Rejects
 * where the run fails.
 */
export type Again = () => Promise<readonly unknown[] | null>;

/** Runs hits again to see whether they were right. */
export interface Verification {
  /** `false`: no hit is ever run again, so that nobody need tell of any. */
  readonly isOn: boolean;
  /** Whether the tool's hits were wrong so often that it is not cached any more. */
  isOff(tool: string): boolean;
  /**
   * A hit of a read-only tool was served: `results`, as in `MethodCall.resultsOf`. Where it is picked out, `prepare` is asked
   * at once, and what that answers runs in the background. Never throws, and lets nobody wait.
   */
  served(tool: string, results: readonly unknown[], prepare: () => Again): void;
}

/** Knows what looks like a credential. Never throws. */
export interface Secrets {
  isIn(value: unknown): boolean;
  /** `pieces`: chunks of one stream, which may cut a text. */
  isInPieces(pieces: readonly unknown[]): boolean;
}

/** What method policies work with; one per app. */
export interface MethodServices {
  readonly cache: AgentCache;
  readonly keys: CacheKeyGenerator;
  readonly tools: ToolDescriptors;
  readonly forks: ForkSource;
  readonly files: FileStates;
  readonly verification: Verification;
  readonly secrets: Secrets;
  /** Time to live by kind, as configured. */
  readonly ttl: {
    readonly context: Duration;
    readonly tool: Duration;
    readonly embedding: Duration;
    readonly prompt: Duration;
  };
  /** Says `message` once per `topic` in the log. Neither holds keys, arguments or values. */
  warnOnce(topic: string, message: string): void;
}

/** What a decorator means: how a call becomes a key, what is stored, what is invalidated. Holds no state. */
export interface MethodPolicy {
  readonly kind: 'context' | 'invalidates-context' | 'tool' | 'embeddings' | 'prompt' | 'value' | 'evict';
  /** `'replay'`: the method answers a stream, whose chunks are the result. Default: a stream goes past the cache. */
  readonly stream?: 'replay' | undefined;
  /** Metric label of a call that is not looked at. Default: the kind. */
  category?(call: MethodCall): string;
  /** Whether the call changes what is cached, so that it always runs. Default: none does. */
  isChange?(call: MethodCall, services: MethodServices): boolean;
  /** Rejects only with what the original method, or the caller's own hooks, rejected with. */
  run(call: MethodCall, services: MethodServices): Promise<unknown>;
}
