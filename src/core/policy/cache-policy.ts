import type { Duration } from './duration.js';
import type { Resource } from './resource.js';
import type { ScopeLevel } from './scope.js';

/** How one result is cached. Everything may be left out. */
export interface CachePolicy<T = unknown> {
  /** Default: the cache's `ttl.default`; cut to `ttl.max`. */
  ttl?: Duration;
  /** How long past its time to live an entry may still serve when loading fails. Default: the cache's `grace`. */
  grace?: Duration;
  /** Group and metric label of the entry. Default: the key up to its first `:`, and `default` for a key without one. */
  namespace?: string;
  /** Names under which `invalidate({ tag })` finds the entry. */
  tags?: readonly string[];
  /** Task whose `invalidate({ context })` makes the entry unusable. */
  context?: string;
  /** Resources whose invalidation makes the entry unusable. */
  dependsOn?: readonly Resource[];
  /** Who shares the entry. Default: the narrowest level that is known. A level that is not known: bypass. */
  scope?: ScopeLevel;
  /** Called with a loaded result that could be stored; `false` keeps it out. `bytes` is its encoded size. */
  admit?: (result: T, cost: { readonly ms: number; readonly bytes: number }) => boolean;
}

/** What a loader is given. What it decides here holds for this result only. */
export interface LoadContext {
  /** This load's own; aborted when the cache is closed while the load is under way. */
  readonly signal: AbortSignal;
  readonly key: string;
  /** Replaces the policy's time to live. */
  ttl(duration: Duration): void;
  /** Keeps the result out of the cache; `reason` is counted and shown, so it must hold no secret. */
  skip(reason: string): void;
}

export type Loader<T> = (load: LoadContext) => Promise<T>;

/** What to make unusable. Exactly one of the forms. */
export type InvalidationTarget =
  /** One entry, in the caller's scope of that level (default: the narrowest that is known). */
  | { readonly key: string; readonly level?: ScopeLevel }
  | { readonly tag: string }
  | { readonly tags: readonly string[] }
  | { readonly resource: Resource }
  | { readonly context: string }
  | { readonly namespace: string }
  | { readonly scope: { readonly level: Exclude<ScopeLevel, 'public'>; readonly id: string } }
  | { readonly pattern: string };

/** How a result came about; see `AgentCache.outcomeOf`. */
export interface Outcome {
  readonly status: 'hit' | 'stale' | 'miss' | 'bypass' | 'refused';
  /** Who answered; `null` when the loader did. */
  readonly tier: 'memory' | 'redis' | null;
  /** Milliseconds since the answer was stored; 0 for one that was just loaded. */
  readonly ageMs: number;
  /** `null` where no key could be made. */
  readonly key: string | null;
}

/** Why a key is, or is not, served. Never the value. */
export interface Explanation {
  readonly key: string;
  readonly status: 'hit' | 'stale' | 'miss' | 'bypass';
  /** A sentence: what is the case and, where something can be done, what. */
  readonly reason: string;
  readonly tier: 'memory' | 'redis' | null;
  readonly ageMs: number | null;
  readonly ttlLeftMs: number | null;
  readonly bytes: number | null;
  /** Groups the entry was made under, and whether their version is still the same. Empty where there is no entry. */
  readonly groups: readonly { readonly group: string; readonly current: boolean }[];
}
