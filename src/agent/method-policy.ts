import type { AgentCache } from '../core/cache.js';
import type { CacheKeyGenerator } from '../core/key/cache-key-generator.js';
import type { Duration } from '../core/policy/duration.js';
import type { ToolDescriptors } from './tool-descriptor.js';

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
  /** The single results inside what `proceed` resolved to: itself, or the values that an Observable emitted. */
  resultsOf(outcome: unknown): readonly unknown[];
  /** The reverse of `resultsOf`. */
  outcomeFrom(results: readonly unknown[]): unknown;
  /** Asks a function of the app's own. What it throws is for the caller, as if the method had thrown it. */
  consult<T>(hook: () => T): Promise<Awaited<T>>;
}

/** What method policies work with; one per app. */
export interface MethodServices {
  readonly cache: AgentCache;
  readonly keys: CacheKeyGenerator;
  readonly tools: ToolDescriptors;
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
  /** Whether the call changes what is cached, so that it always runs. Default: none does. */
  isChange?(call: MethodCall, services: MethodServices): boolean;
  /** Rejects only with what the original method, or the caller's own hooks, rejected with. */
  run(call: MethodCall, services: MethodServices): Promise<unknown>;
}
