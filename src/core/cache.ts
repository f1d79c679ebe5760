import { Batch, expectCount } from './batch.js';
import type { Bypasses } from './bypasses.js';
import type { Calls } from './calls.js';
import type { DirectWrites } from './writing/direct-writes.js';
import type { BypassReason, CacheEventBus, CacheEventName, CacheListener } from './events.js';
import { explainBypass, explainRead } from './explain.js';
import type { Invalidation } from './invalidation/invalidation.js';
import type { InvalidationTargets, PreparedInvalidation } from './invalidation/invalidation-targets.js';
import type { LoadRequest } from './loading/load-request.js';
import type { LoadContexts } from './loading/load-contexts.js';
import { isTooOld } from './loading/lookup.js';
import type { OutcomeLog } from './outcome-log.js';
import type { CachePolicy, Explanation, InvalidationTarget, Loader, Outcome } from './policy/cache-policy.js';
import { assertKey, NO_NAMESPACE, type PolicyResolver } from './policy/resolve-policy.js';
import type { Clock } from './ports/clock.js';
import { tierOf, type Store } from './ports/store.js';
import type { ReadPath } from './reading/read-path.js';
import type { Refusals } from './refusals.js';
import { within } from './resilience/within.js';
import type { WritePath } from './writing/write-path.js';
import type { WriteThrough } from './writing/write-through.js';

/** What the cache is made of; wired by the composition. */
export interface AgentCacheParts {
  readonly policies: PolicyResolver;
  readonly calls: Calls;
  readonly readPath: ReadPath;
  readonly loads: LoadContexts;
  readonly bypasses: Bypasses;
  readonly directWrites: DirectWrites;
  readonly writeThrough: WriteThrough;
  readonly writePath: WritePath;
  readonly invalidation: Invalidation;
  readonly targets: InvalidationTargets;
  readonly outcomes: OutcomeLog;
  readonly refusals: Refusals;
  readonly events: CacheEventBus;
  readonly clock: Clock;
  readonly store: Pick<Store, 'mode'>;
  /** The most that the store may add to one call, in milliseconds. */
  readonly timeoutMs: number;
  /** Ends what the cache holds open. */
  readonly release: () => Promise<void>;
}

/** Where the result of a call would have been stored that went past the cache. */
export interface BypassedEntry {
  readonly key: string;
  readonly policy: CachePolicy;
}

/** Loads the missing ones of several keys: one result per key, in their order. */
export type LoadMissing<K, T> = (missing: K[], load: { readonly signal: AbortSignal }) => Promise<readonly T[]>;

/**
 * The cache: load-through, invalidation and explanation under keys such as `CacheKeyGenerator` makes.
 *
 * No fault of the store reaches a caller: whatever fails, the loader runs. A wrong argument rejects with
 * `CacheArgumentError`. What comes from the cache is the caller's own copy.
 *
 * This file is long because it documents all that users call. Each method says in which order others do the work.
 */
export class AgentCache {
  private closing: Promise<void> | null = null;

  constructor(private readonly parts: AgentCacheParts) {}

  /** `false` while disabled or closed: every call then runs its loader. */
  get isOpen(): boolean {
    return this.parts.calls.isOpen;
  }

  /**
   * What is stored under `key`, or what `loader` returns, which is then stored. Concurrent callers share one load; a call
   * that comes out of a load of its own key runs its loader, because it would wait for itself.
   */
  async getOrLoad<T>(key: string, loader: Loader<T>, policy: CachePolicy<T> = {}): Promise<T> {
    const { calls, loads } = this.parts;
    const [result] = await calls.load<T>([key], policy, async ([request], own) => [
      await loader(loads.contextOf(request as LoadRequest<T>, own)),
    ]);
    return result as T;
  }

  /**
   * Results in the order of `keys`. Only what is missing is loaded, in one call, each key once. `keyOf` names a key that
   * is not a text itself. Rejects with `CacheLoadError` when `loadMissing` answers no array, or another number of results.
   */
  async getOrLoadMany<K, T>(
    keys: readonly K[],
    loadMissing: LoadMissing<K, T>,
    policy: CachePolicy<T> & { readonly keyOf?: (key: K) => string } = {},
  ): Promise<T[]> {
    const batch = new Batch(keys, policy.keyOf);
    if (keys.length === 0) return [];
    const results = await this.parts.calls.load<T>(batch.distinctNames, policy, async (requests, own) => {
      const missing = requests.map(({ address }) => batch.keyOf(address.key));
      return expectCount(await loadMissing(missing, own), requests.length);
    });
    return batch.spread(results, (result) => {
      const copy = this.parts.writePath.copy(result, policy.codec);
      this.adoptOutcome(copy, result);
      return copy;
    });
  }

  /** What is stored under `key`; `undefined` where nothing usable is. `null` is a value. Never loads. */
  async get<T>(key: string, policy: CachePolicy<T> = {}): Promise<T | undefined> {
    const [value] = await this.getMany<T>([key], policy);
    return value;
  }

  /** In the order of `keys`, in one round trip. */
  async getMany<T>(keys: readonly string[], policy: CachePolicy<T> = {}): Promise<(T | undefined)[]> {
    return this.parts.calls.get<T>(keys, policy);
  }

  /**
   * Stores the value that the caller has in hand, which counts as true at the moment of the call. `true`: stored. `false`:
   * it cannot be stored faithfully, the store did not confirm in time, or an invalidation, a later `set`, or a load that
   * began after the call overtook it. What was being loaded when the call came, in any process, does not replace it.
   *
   * Where the value came from is not known, so an invalidation before the call does not keep it out; nor does one of
   * another instance while the call has not read the versions of its groups, or leased its key, yet. What is read from a
   * source that is invalidated belongs through `getOrLoad`, which does both before the source is asked.
   */
  set<T>(key: string, value: T, policy: CachePolicy<T> = {}): Promise<boolean> {
    return this.setMany([[key, value]], policy);
  }

  /** In one round trip; `true`: all are stored. */
  async setMany<T>(entries: readonly (readonly [string, T])[], policy: CachePolicy<T> = {}): Promise<boolean> {
    const lifetime = this.parts.policies.lifetimeOf(policy);
    const keys = entries.map(([key]) => key);
    const addresses = this.parts.calls.addressesOf(keys, policy);
    if (!addresses) return false;
    if (addresses.length === 0) return true;
    const values = addresses.map((address, index) => [address, entries[index]?.[1]] as const);
    return this.parts.directWrites.store(values, lifetime);
  }

  /**
   * Writes `value` to the source by `persist`, and makes it the cached one after that. What was loaded before the source
   * had it is not stored after it, by any process. Answers what `persist` answers, and rejects with its error. The cache
   * keeps no value where it cannot take it, where the call goes past it, and where the key or one of its groups is made
   * unusable, or the key is written once more, until `persist` has answered. There is no write-behind: a cache that can lose
   * a write is a dependency.
   */
  async writeThrough<T, R>(
    key: string,
    value: T,
    persist: (value: T) => Promise<R>,
    policy: CachePolicy<T> = {},
  ): Promise<R> {
    const { policies, calls, writeThrough } = this.parts;
    const lifetime = policies.lifetimeOf(policy);
    const [stored] = calls.addressesOf([key], policy) ?? [];
    const address = stored ?? calls.addressToClear(key, policy);
    return address ? writeThrough.run(address, value, persist, stored ? lifetime : null) : persist(value);
  }

  /**
   * Deletes one entry, as `invalidate({ key })` does, also for a caller who goes past the cache; `true` where there was one
   * and its deletion is confirmed.
   */
  async delete(key: string, policy: Pick<CachePolicy, 'scope' | 'vary'> = {}): Promise<boolean> {
    const { calls } = this.parts;
    const address = calls.addressToClear(key, policy) ?? calls.addressesOf([key], policy)?.[0];
    if (!address) return false;
    const { existed } = await this.parts.invalidation.ofKey(address);
    this.parts.events.emit('delete', { category: address.category, count: existed ? 1 : 0 });
    return existed;
  }

  /**
   * Makes all that `target` names unusable: on this instance at once; on others what is in the store once acknowledged,
   * and what they hold in memory as soon as the store tells them. What a load comes to that began before it is not stored
   * by anybody, however late, and who asks afterwards does not join it.
   *
   * Waits no longer than the store's timeout, but for a pattern: that walks all keys of the store in steps, each of which
   * has the timeout, and what the walk has not come to is served until then.
   *
   * `acknowledged: false`: the store did not confirm; it is repeated until it does or the cache is closed, and meanwhile
   * this instance does not serve what it covers. Nothing is done, nor repeated, where the cache is disabled or closed, or
   * by `key` where the scope of the caller is not known. Rejects with `CacheArgumentError` for what is not exactly one of
   * the forms.
   */
  async invalidate(target: InvalidationTarget): Promise<{ acknowledged: boolean }> {
    return this.carryOut(this.parts.targets.prepare(target));
  }

  /**
   * Runs `change` and makes what `targets` name unusable before it, so that nothing loaded meanwhile survives, and after
   * it, whatever its outcome. Both times together wait for the store no longer than its timeout. Rejects, and changes
   * nothing, for a wrong target.
   */
  async invalidateAround<T>(
    targets: InvalidationTarget | readonly InvalidationTarget[],
    change: () => Promise<T>,
  ): Promise<T> {
    const prepared = [targets].flat().map((target) => this.parts.targets.prepare(target));
    const invalidateAll = (): Promise<unknown> => Promise.all(prepared.map((each) => this.carryOut(each)));
    const { clock, timeoutMs } = this.parts;
    const startedAt = clock.monotonicNow();
    await within(clock, timeoutMs, invalidateAll(), undefined);
    const leftMs = timeoutMs - (clock.monotonicNow() - startedAt);
    try {
      return await change();
    } finally {
      await within(clock, leftMs, invalidateAll(), undefined);
    }
  }

  /**
   * Why `key` is or is not served to whoever asks now. Never the value. Counts as no request. The entry is judged by the
   * groups it was stored under, and by those that `policy` names.
   */
  async explain(key: string, policy: CachePolicy<never> = {}): Promise<Explanation> {
    const { policies, readPath, store, clock, calls, refusals } = this.parts;
    const control = calls.controlOf(policy);
    const address = this.isOpen && !control.bypass ? policies.addressToExplain(key, policy) : null;
    const [result] = address ? await readPath.read([address]) : [];
    if (!address || !result) return explainBypass(key, calls.reasonOf(policy, control));
    const isOld = result.status !== 'miss' && isTooOld(result, control, clock);
    const unwanted = control.refresh ? 'refresh' : isOld ? 'too-old' : null;
    return explainRead(address, result, { tier: tierOf(store), nowMs: clock.now(), unwanted, refusals });
  }

  /**
   * `fn`, cached under the key that `policy.key` makes of its arguments; `this` is handed on. Where no key can be made of
   * them, `fn` runs uncached: a bypass with the reason `not-keyable`.
   */
  wrap<A extends unknown[], T, S = unknown>(
    fn: (this: S, ...args: A) => Promise<T>,
    policy: CachePolicy<T> & { readonly key: (...args: A) => string },
  ): (this: S, ...args: A) => Promise<T> {
    const call = (args: A, run: () => Promise<T>): Promise<T> => {
      const key = keyOrNull(() => policy.key(...args));
      if (key !== null) return this.getOrLoad(key, run, policy);
      return this.parts.bypasses.run(policy.namespace ?? NO_NAMESPACE, 'not-keyable', run);
    };
    return function (...args) {
      return call(args, () => fn.apply(this, args));
    };
  }

  /** How an object came about that a call of this cache returned; `undefined` for anything else. */
  outcomeOf(result: unknown): Outcome | undefined {
    return this.parts.outcomes.of(result);
  }

  /** Lets `outcomeOf(copy)` tell what it tells of `original`. */
  adoptOutcome(copy: unknown, original: unknown): void {
    const outcome = this.parts.outcomes.of(original);
    if (outcome) this.parts.outcomes.record(copy, outcome);
  }

  /**
   * Counts a call that went past the cache on purpose; `outcomeOf(result)` tells it from then on. `where`: the entry that
   * the result would have had, so that `explain` tells it, too.
   */
  recordBypass(category: string, reason: BypassReason, result?: unknown, where?: BypassedEntry): void {
    const [address] = (where && this.parts.policies.addressesOf([where.key], where.policy)) ?? [];
    this.parts.bypasses.record(category, reason, result, address?.storageKey ?? null);
  }

  /** Hears every event of that name from now on, synchronously; `listener` is called once however often it is given. */
  on<N extends CacheEventName>(name: N, listener: CacheListener<N>): this {
    this.parts.events.on(name, listener);
    return this;
  }

  /** Hears no more. Nothing happens where it did not. */
  off<N extends CacheEventName>(name: N, listener: CacheListener<N>): this {
    this.parts.events.off(name, listener);
    return this;
  }

  /** Ends within 500 ms, whatever Redis does. Calls go on, past the cache. */
  close(): Promise<void> {
    // Closed before anybody hears of it: who is aborted may ask again, or close again.
    this.parts.calls.close();
    this.closing ??= Promise.resolve().then(() => this.parts.release());
    return this.closing;
  }

  private async carryOut(invalidation: PreparedInvalidation): Promise<{ acknowledged: boolean }> {
    const acknowledged = this.isOpen && (await invalidation.carryOut());
    this.parts.events.emit('invalidate', { target: invalidation.form, acknowledged });
    return { acknowledged };
  }
}

/** `null` where `make` throws or answers nothing that can be a key. */
function keyOrNull(make: () => string): string | null {
  try {
    const key = make();
    assertKey(key);
    return key;
  } catch {
    return null;
  }
}
