import { Batch, expectCount } from './batch.js';
import type { DirectWrites } from './direct-writes.js';
import type { BypassReason, CacheEventBus, CacheEventName, CacheListener } from './events.js';
import { explainBypass, explainRead } from './explain.js';
import { groupsOfTarget } from './groups.js';
import type { Invalidation } from './invalidation.js';
import type { Load, LoadRequest } from './load-path.js';
import type { LoadThrough } from './load-through.js';
import type { OutcomeLog } from './outcome-log.js';
import type {
  CachePolicy,
  Explanation,
  InvalidationTarget,
  LoadContext,
  Loader,
  Outcome,
} from './policy/cache-policy.js';
import type { PolicyResolver } from './policy/resolve-policy.js';
import type { ScopeLevel } from './policy/scope.js';
import type { Clock } from './ports/clock.js';
import { tierOf, type Store } from './ports/store.js';
import type { ReadPath } from './read-path.js';
import { within } from './resilience/within.js';
import type { WritePath } from './write-path.js';

/** What the cache is made of; wired by the composition. */
export interface AgentCacheParts {
  readonly enabled: boolean;
  readonly policies: PolicyResolver;
  readonly readPath: ReadPath;
  readonly loadThrough: LoadThrough;
  readonly directWrites: DirectWrites;
  readonly writePath: WritePath;
  readonly invalidation: Invalidation;
  readonly outcomes: OutcomeLog;
  readonly events: CacheEventBus;
  readonly clock: Clock;
  readonly store: Pick<Store, 'mode'>;
  /** The most that the store may add to one call, in milliseconds. */
  readonly timeoutMs: number;
  /** Ends what the cache holds open. */
  readonly release: () => Promise<void>;
}

/** Loads the missing ones of several keys: one result per key, in their order. */
export type LoadMissing<K, T> = (missing: K[], load: { readonly signal: AbortSignal }) => Promise<readonly T[]>;

/**
 * The cache: load-through, invalidation and explanation under keys such as `CacheKeyGenerator` makes.
 *
 * No fault of the store reaches a caller: whatever fails, the loader runs. A wrong argument rejects with
 * `CacheArgumentError`. What comes from the cache is the caller's own copy.
 */
export class AgentCache {
  private readonly closing = new AbortController();

  constructor(private readonly parts: AgentCacheParts) {}

  /** `false` while disabled or closed: every call then runs its loader. */
  get isOpen(): boolean {
    return this.parts.enabled && !this.closing.signal.aborted;
  }

  /**
   * What is stored under `key`, or what `loader` returns, which is then stored. Concurrent callers share one load; a call
   * that comes out of a load of its own key runs its loader, because it would wait for itself.
   */
  async getOrLoad<T>(key: string, loader: Loader<T>, policy: CachePolicy<T> = {}): Promise<T> {
    const [result] = await this.through<T>([key], policy, async ([request]) => [
      await loader(this.contextOf(request as LoadRequest<T>)),
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
    const results = await this.through<T>(batch.distinctNames, policy, async (requests) => {
      const missing = requests.map(({ address }) => batch.keyOf(address.key));
      return expectCount(await loadMissing(missing, { signal: this.closing.signal }), missing.length);
    });
    return batch.spread(results, (result) => this.parts.writePath.copy(result));
  }

  /** What is stored under `key`; `undefined` where nothing usable is. `null` is a value. Never loads. */
  async get<T>(key: string, policy: CachePolicy<T> = {}): Promise<T | undefined> {
    const [value] = await this.getMany<T>([key], policy);
    return value;
  }

  /** In the order of `keys`, in one round trip. */
  async getMany<T>(keys: readonly string[], policy: CachePolicy<T> = {}): Promise<(T | undefined)[]> {
    const addresses = this.isOpen ? this.parts.policies.addressesOf(keys, policy) : null;
    if (!addresses || keys.length === 0) return keys.map(() => undefined);
    const found = await this.parts.loadThrough.find(addresses);
    return found.map((result) => (result.status === 'hit' ? (result.value as T) : undefined));
  }

  /**
   * Stores the value that the caller has in hand, which counts as true at the moment of the call. `true`: stored. `false`:
   * it cannot be stored faithfully, the store did not confirm in time, or an invalidation of this instance, or a later
   * `set`, overtook it.
   *
   * Where the value came from is not known, so an invalidation before the call does not keep it out; nor does one of
   * another instance while the call has not read the versions of its groups yet. What is read from a source that is
   * invalidated belongs through `getOrLoad`, which reads the versions before the source is asked.
   */
  set<T>(key: string, value: T, policy: CachePolicy<T> = {}): Promise<boolean> {
    return this.setMany([[key, value]], policy);
  }

  /** In one round trip; `true`: all are stored. */
  async setMany<T>(entries: readonly (readonly [string, T])[], policy: CachePolicy<T> = {}): Promise<boolean> {
    const lifetime = this.parts.policies.lifetimeOf(policy);
    const keys = entries.map(([key]) => key);
    const addresses = this.isOpen ? this.parts.policies.addressesOf(keys, policy) : null;
    if (!addresses) return false;
    if (addresses.length === 0) return true;
    const values = addresses.map((address, index) => [address, entries[index]?.[1]] as const);
    return this.parts.directWrites.store(values, lifetime);
  }

  /** Deletes one entry; `true` where there was one and its deletion is confirmed. */
  async delete(key: string, policy: Pick<CachePolicy, 'scope'> = {}): Promise<boolean> {
    const [address] = (this.isOpen && this.parts.policies.addressesOf([key], policy)) || [];
    if (!address) return false;
    const { existed } = await this.parts.invalidation.ofKey(address.storageKey);
    this.parts.events.emit('delete', { category: address.category, count: existed ? 1 : 0 });
    return existed;
  }

  /**
   * Makes all that `target` names unusable: here at once, elsewhere once confirmed. `acknowledged: false`: Redis did not
   * confirm; it is repeated until it does, and meanwhile this instance does not serve what it covers.
   *
   * Waits no longer than the store's timeout, but for a pattern: that walks all keys of the store in steps, each of which
   * has the timeout, and what the walk has not come to is served until then.
   */
  async invalidate(target: InvalidationTarget): Promise<{ acknowledged: boolean }> {
    const acknowledged = this.isOpen && (await this.carryOut(target));
    this.parts.events.emit('invalidate', { target: Object.keys(target)[0] ?? '', acknowledged });
    return { acknowledged };
  }

  /**
   * Runs `change` and makes what `targets` name unusable before it, so that nothing loaded meanwhile survives, and after
   * it, whatever its outcome. Both times together wait for the store no longer than its timeout.
   */
  async invalidateAround<T>(
    targets: InvalidationTarget | readonly InvalidationTarget[],
    change: () => Promise<T>,
  ): Promise<T> {
    const invalidateAll = (): Promise<unknown> =>
      Promise.all([targets].flat().map((target) => this.invalidate(target)));
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

  /** Why `key` is or is not served. Never the value. Counts as no request. */
  async explain(key: string, policy: CachePolicy<never> = {}): Promise<Explanation> {
    const { policies, readPath, store, clock } = this.parts;
    const [address] = (this.isOpen && policies.addressesOf([key], policy)) || [];
    const [result] = address ? await readPath.read([address]) : [];
    return address && result
      ? explainRead(address, result, tierOf(store), clock.now())
      : explainBypass(key, this.bypassReason);
  }

  /** `fn`, cached under the key that `policy.key` makes of its arguments. */
  wrap<A extends unknown[], T>(
    fn: (...args: A) => Promise<T>,
    policy: CachePolicy<T> & { readonly key: (...args: A) => string },
  ): (...args: A) => Promise<T> {
    return (...args) => this.getOrLoad(policy.key(...args), () => fn(...args), policy);
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

  /** Counts a call that went past the cache on purpose; `outcomeOf(result)` tells it from then on. */
  recordBypass(category: string, reason: BypassReason, result?: unknown): void {
    this.parts.events.emit('bypass', { category, reason });
    this.parts.outcomes.record(result, { status: 'bypass', tier: null, ageMs: 0, key: null });
  }

  on<N extends CacheEventName>(name: N, listener: CacheListener<N>): this {
    this.parts.events.on(name, listener);
    return this;
  }

  off<N extends CacheEventName>(name: N, listener: CacheListener<N>): this {
    this.parts.events.off(name, listener);
    return this;
  }

  /** Ends within 500 ms, whatever Redis does. Calls go on, past the cache. */
  async close(): Promise<void> {
    if (this.closing.signal.aborted) return;
    this.closing.abort();
    this.parts.invalidation.close();
    await this.parts.release();
  }

  private async through<T>(keys: readonly string[], policy: CachePolicy<T>, load: Load<T>): Promise<readonly T[]> {
    const { policies, loadThrough } = this.parts;
    const lifetime = policies.lifetimeOf(policy);
    const addresses = policies.addressesOf(keys, policy);
    if (this.isOpen && addresses) return loadThrough.run({ addresses, lifetime, admit: policy.admit }, load);
    const requests = keys.map((key): LoadRequest<T> => {
      return {
        address: policies.publicAddressOf(key, policy),
        admit: undefined,
        fence: null,
        lifetime,
        skipReason: null,
      };
    });
    const results = await load(requests);
    requests.forEach(({ address }, index) => this.recordBypass(address.category, this.bypassReason, results[index]));
    return results;
  }

  private get bypassReason(): BypassReason {
    if (this.isOpen) return 'unknown-scope';
    return this.parts.enabled ? 'closed' : 'disabled';
  }

  private async carryOut(target: InvalidationTarget): Promise<boolean> {
    const { invalidation, policies } = this.parts;
    const groups = groupsOfTarget(target);
    if (groups) return invalidation.ofGroups(groups);
    if ('pattern' in target) return invalidation.ofPattern(policies.patternOf(target.pattern));
    const { key, level } = target as { key: string; level?: ScopeLevel };
    const [address] = policies.addressesOf([key], level ? { scope: level } : {}) ?? [];
    return address ? (await invalidation.ofKey(address.storageKey)).acknowledged : false;
  }

  private contextOf<T>(request: LoadRequest<T>): LoadContext {
    return {
      key: request.address.key,
      signal: this.closing.signal,
      ttl: (duration) => {
        request.lifetime = this.parts.policies.lifetimeOf({ ttl: duration }, request.lifetime.graceMs);
      },
      skip: (reason) => {
        request.skipReason = reason;
      },
    };
  }
}
