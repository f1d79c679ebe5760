import type { CacheControlValues } from '../ports/cache-control.js';
import type { ValueCodec } from '../ports/codec.js';
import type { CostOf } from './cost.js';
import type { Duration } from './duration.js';
import type { Resource } from './resource.js';
import type { ScopeLevel } from './scope.js';

/** How one result is cached. Everything may be left out. */
export interface CachePolicy<T = unknown> {
  /** Default: the cache's `ttl.default`; cut to `ttl.max`. */
  ttl?: Duration;
  /**
   * How long past its time to live an entry may still serve when loading fails, or takes longer than `softTimeout`.
   * Default: the cache's `grace`.
   */
  grace?: Duration;
  /** Group and metric label of the entry. Default: the key up to its first `:`, and `default` for a key without one. */
  namespace?: string;
  /** Names under which `invalidate({ tag })` finds the entry. */
  tags?: readonly string[];
  /** Task whose `invalidate({ context })` makes the entry unusable. */
  context?: string;
  /** Resources whose invalidation makes the entry unusable. */
  dependsOn?: readonly Resource[];
  /**
   * What the result depends on is as this text says, and not as it is in the live world: see `CacheScope.state()`. Part of
   * the key; `dependsOn` is not looked at, and by default whoever has the same wider scope shares, in whatever session.
   * `null`: nobody knows the state, so the call goes past the cache. Default: the live world.
   */
  state?: string | null | undefined;
  /** Who shares the entry. Default: the narrowest level that is known. A level that is not known: bypass. */
  scope?: ScopeLevel;
  /** Called with a loaded result that could be stored; `false` keeps it out. `bytes` is its encoded size. */
  admit?: (result: T, cost: { readonly ms: number; readonly bytes: number }) => boolean;
  /**
   * What making a result takes besides time: hits add it up as saved. A function is called on hits alone, with the caller's
   * own copy of the result before the caller has it: it must be quick and change nothing. What it throws, and what is no
   * cost, counts as nothing saved. Default: only time is saved.
   */
  cost?: CostOf<T>;
  /** Name of the tool whose result it is: what hits save is added up by tool, too. A label, so it may hold no secret. */
  tool?: string;
  /**
   * Where an entry within its grace is at hand, a load that takes longer than this goes on in the background and that entry
   * is served. `'0s'`: it is served at once. Default: every load is waited for.
   */
  softTimeout?: Duration;
  /**
   * The longest that a call waits for a load of somebody else, in this process or another, before it runs its own loader,
   * which has no limit. At least 1 ms. Default `'30s'`.
   */
  hardTimeout?: Duration;
  /**
   * A hit that is older than this share of its time to live, more than 0 and less than 1, starts a load in the background.
   * Default: none does.
   */
  eagerRefreshRatio?: number;
  /**
   * Each hit may start a load in the background, the more likely the closer the entry is to its expiry and the longer its
   * load took: when now - load time × beta × ln(random) has passed it. More than 0; 1 is a good start, greater numbers load
   * earlier. After Vattani, Chierichetti and Lowenstein, "Optimal Probabilistic Cache Stampede Prevention", 2015. Default:
   * none does.
   */
  earlyExpiryBeta?: number;
  /**
   * The time to live is shortened by a random share of up to this, 0 to 1, so that what was loaded together does not expire
   * together. Default 0.
   */
  jitterRatio?: number;
  /** Time to live of a result that is `null`, cut to `ttl.max`; `'0s'`: it is not stored. Default: as of any other. */
  negativeTtl?: Duration;
  /**
   * What the result depends on besides the key: any value that a key can be made of. Each gives an entry of its own, which
   * `invalidate({ key, vary })` finds; `undefined` is none.
   */
  vary?: unknown;
  /** Writes and reads the value. What another codec has written is a miss. Default: the cache's own. */
  codec?: ValueCodec;
  /** `false`: the entry is not kept in this process where it is in Redis as well. Default true. */
  memory?: boolean;
  /** How this call deals with the cache. It wins over `CacheControl.run()`, field by field. */
  control?: CacheControlValues;
  /** The caller stops waiting when it is aborted. The load is aborted when nobody waits for it any more. */
  signal?: AbortSignal;
}

/** What a loader is given. What it decides here holds for this result only. */
export interface LoadContext {
  /** This load's own; aborted when nobody waits for the load any more, and when the cache is closed while it is under way. */
  readonly signal: AbortSignal;
  /** As it was given to the cache. */
  readonly key: string;
  /** A copy of what is stored and has expired, where that may still be served. */
  readonly stale?: unknown;
  /** Replaces the policy's time to live. */
  ttl(duration: Duration): void;
  /** Names under which `invalidate({ tag })` finds the result, besides the policy's. */
  tag(...tags: string[]): void;
  /** Resources whose invalidation makes the result unusable, besides the policy's. */
  dependsOn(...resources: Resource[]): void;
  /** Keeps the result out of the cache; `reason` is counted and shown, so it must hold no secret. */
  skip(reason: string): void;
}

/** Makes the result that is not cached. What it throws, all who wait for it in this process are given. */
export type Loader<T> = (load: LoadContext) => Promise<T>;

/** What to make unusable. Exactly one of the forms. */
export type InvalidationTarget =
  /**
   * One entry, in the caller's scope of that level (default: the narrowest that is known), and of the policy's `vary` and
   * `state`.
   */
  | { readonly key: string; readonly level?: ScopeLevel; readonly vary?: unknown; readonly state?: string }
  | { readonly tag: string }
  | { readonly tags: readonly string[] }
  /** `within`, beside `everything()`: only the results of the caller's tenant, and those that belong to no tenant. */
  | { readonly resource: Resource; readonly within?: 'tenant' }
  | { readonly resources: readonly Resource[] }
  | { readonly context: string }
  | { readonly namespace: string }
  | { readonly scope: { readonly level: Exclude<ScopeLevel, 'public'>; readonly id: string } }
  | { readonly pattern: string };

/** How a result came about; see `AgentCache.outcomeOf`. */
export interface Outcome {
  /** `miss`: it was loaded. `bypass`: past the cache. `refused`: it was loaded and not to be stored, or could not be. */
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
  /** What the next call would find; `stale`: an entry within its grace, which is loaded anew. */
  readonly status: 'hit' | 'stale' | 'miss' | 'bypass';
  /** A sentence: what is the case and, where something can be done, what. */
  readonly reason: string;
  /** Where the entry was found, or looked for last; `null`: nowhere (`bypass`). */
  readonly tier: 'memory' | 'redis' | null;
  /** When it was stored, in milliseconds since 1970; `null`: there is no entry. */
  readonly storedAtMs: number | null;
  /** Milliseconds since it was stored; `null`: there is no entry. */
  readonly ageMs: number | null;
  /** Milliseconds for which it is still fresh, 0 where it is not; `null`: there is no entry. */
  readonly ttlLeftMs: number | null;
  /** Size of its encoded value; `null`: there is no entry. */
  readonly bytes: number | null;
  /** Groups the entry was made under, and whether their version is still the same. Empty where there is no entry. */
  readonly groups: readonly { readonly group: string; readonly current: boolean }[];
}
