import type { TierName, UnavailableReason } from './ports/store.js';

/** Common to all events about one entry. `category` is its namespace (a label); `key` never belongs into a log. */
interface EntryEvent {
  readonly category: string;
  readonly key: string;
}

/** Why a call went past the cache. */
export type BypassReason =
  | 'disabled'
  | 'closed'
  | 'no-task-id'
  | 'no-turn'
  | 'no-tool-name'
  | 'not-read-only'
  | 'volatile'
  | 'not-deterministic'
  | 'requested'
  | 'unknown-scope'
  | 'unknown-dependencies'
  | 'unknown-state'
  | 'files-changing'
  | 'unknown-identity'
  | 'unknown-return'
  | 'not-keyable'
  | 'not-authorized'
  /** Hits of the tool were found to be wrong too often. */
  | 'verification'
  /** The method is marked with `@NeverCache()`. */
  | 'never-cache'
  /** The method answers a stream, and its policy does not say `stream: 'replay'`. */
  | 'stream'
  /** Something among the arguments looks like a credential. */
  | 'credential-in-parameters'
  | 'aborted';

/** Why there was no hit. */
export type MissReason =
  | 'absent'
  | 'expired'
  | 'invalidated'
  | 'corrupt'
  /** The caller wants nothing of that age. */
  | 'too-old'
  /** The caller wants it loaded anew. */
  | 'refresh'
  | UnavailableReason;

/** Every event, by name. Times are milliseconds; what a batch took is shared out among its entries. */
export interface CacheEvents {
  /** A fresh entry was found. `ms`: how long asking took; `ageMs`: since it was stored; `savedMs`: its load, less `ms`. */
  hit: EntryEvent & {
    readonly ms: number;
    readonly tier: TierName;
    readonly ageMs: number;
    readonly savedMs: number;
    /** How long the entry will still be fresh. */
    readonly ttlLeftMs?: number;
    /** As the policy names it. */
    readonly tool?: string;
    /** What its load would have taken besides time, by the `cost` of the policy. */
    readonly tokens?: number;
    readonly usd?: number;
  };
  /** The `cost` of a policy threw at a hit, or answered what is no cost: nothing but time counts as saved. */
  costUnknown: { readonly category: string };
  /** A hit of a tool was run again in the background. `isRight: null`: the two answers could not be compared. */
  verified: { readonly tool: string; readonly isRight: boolean | null };
  /** Hits of a tool were wrong so often that it is not cached any more; once per tool. `verified`: how many were compared. */
  distrusted: { readonly tool: string; readonly verified: number; readonly wrong: number };
  /** Nothing that could be served as fresh was found. `ms`: how long asking took. */
  miss: EntryEvent & { readonly ms: number; readonly reason: MissReason };
  /** Served past its time to live because loading failed, or takes longer than the soft timeout, within grace. */
  stale: EntryEvent & { readonly ageMs: number };
  /** A loader has ended; `ok: false`: it rejected. */
  load: EntryEvent & { readonly ms: number; readonly ok: boolean };
  /** Something was written, and the store has confirmed it. `bytes`: the encoded value. */
  set: EntryEvent & { readonly ms: number; readonly bytes: number };
  /**
   * A result that was not stored, because it was invalidated, its key was deleted or written, its load was taken over, or
   * all who waited for it have left, meanwhile.
   */
  overtaken: EntryEvent;
  /** This process has given an entry up to make room. `storageKey`: prefix, key and scope. */
  evict: { readonly storageKey: string };
  /** A deletion by key, or by a pattern of the client, has ended. `count`: how many there were. */
  delete: { readonly category: string; readonly count: number };
  /** `target`: the form it has, such as `tag`. */
  invalidate: { readonly target: string; readonly acknowledged: boolean };
  /**
   * The HTTP endpoints for administration were used, or somebody tried to. Holds nothing that the request said: no key, id,
   * address or token.
   */
  admin: {
    readonly action: 'invalidate' | 'explain';
    /**
     * `done`: the cache was asked. `refused`: without the right token, or by the app's own guard. `throttled`: too many
     * requests. `invalid`: no form of a target, or a wrong one. `failed`: an error that nobody expects.
     */
    readonly outcome: 'done' | 'refused' | 'throttled' | 'invalid' | 'failed';
    /** The form of the target, such as `tag`; `null` where it was not looked at, or is wrong. */
    readonly form: string | null;
    /** What `invalidate` answered, where it was asked. */
    readonly acknowledged?: boolean;
  };
  /** A call went past the cache: one event for each key. */
  bypass: { readonly category: string; readonly reason: BypassReason };
  /** A result that was passed through and not stored. `reason` names a kind or a place, never content. */
  refused: {
    readonly category: string;
    readonly reason: string;
    /** The loader or the policy wanted it so. Default: the value could not be stored. */
    readonly isIntended?: boolean;
  };
  /**
   * The store gave no answer to a read or a write, or (`incomplete`) could not be walked to its end. What concerns groups
   * has the category `invalidation`. Repeats of an invalidation are not reported again.
   */
  error: {
    readonly category: string;
    readonly operation: string;
    readonly reason: UnavailableReason | 'incomplete';
  };
  /**
   * Once per change: `redis` cannot be used, or tells of no changes, so that `memory` is off. Once more where a cause that
   * only the operator can take away, such as `certificate-expired`, becomes known during an outage.
   */
  tierFailed: { readonly tier: string; readonly reason: string };
  /** It can be used again, after `downMs` milliseconds. */
  tierRecovered: { readonly tier: string; readonly downMs: number };
  /**
   * Redis refuses something to the user of the cache; once per right. `right`: as an ACL gives it, such as `+mget`, or `keys`,
   * `channels` or `scripts` where the server does not say which.
   */
  denied: { readonly right: string };
}

/** Name of an event, for `AgentCache.on`. */
export type CacheEventName = keyof CacheEvents;
/** Hears one kind of event, synchronously. What it throws is swallowed. */
export type CacheListener<N extends CacheEventName> = (event: CacheEvents[N]) => void;

/** Where the parts of the cache report what happened. */
export interface EventSink {
  emit<N extends CacheEventName>(name: N, event: CacheEvents[N]): void;
}

/** Hands events to listeners, synchronously. A listener that throws harms neither the call nor the other listeners. */
export class CacheEventBus implements EventSink {
  private readonly listeners = new Map<CacheEventName, Set<CacheListener<never>>>();

  on<N extends CacheEventName>(name: N, listener: CacheListener<N>): this {
    const existing = this.listeners.get(name);
    if (existing) existing.add(listener);
    else this.listeners.set(name, new Set([listener]));
    return this;
  }

  off<N extends CacheEventName>(name: N, listener: CacheListener<N>): this {
    this.listeners.get(name)?.delete(listener);
    return this;
  }

  emit<N extends CacheEventName>(name: N, event: CacheEvents[N]): void {
    for (const listener of this.listeners.get(name) ?? []) {
      try {
        (listener as CacheListener<N>)(event);
      } catch {
        // A listener is the app's; what it throws must not become an answer of the cache.
      }
    }
  }
}
