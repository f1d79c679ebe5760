import { Batch, expectCount } from './batch.js';
import type { Bypasses } from './bypasses.js';
import type { DirectWrites } from './direct-writes.js';
import type { BypassReason, CacheEventBus, CacheEventName, CacheListener } from './events.js';
import { explainBypass, explainRead, type OwnBypass } from './explain.js';
import type { EntryAddress } from './entry.js';
import type { Invalidation } from './invalidation.js';
import type { InvalidationTargets, PreparedInvalidation } from './invalidation-targets.js';
import type { Load, LoadRequest } from './load-path.js';
import type { LoadContexts } from './load-contexts.js';
import type { LoadThrough } from './load-through.js';
import type { OutcomeLog } from './outcome-log.js';
import type { CachePolicy, Explanation, InvalidationTarget, Loader, Outcome } from './policy/cache-policy.js';
import { assertKey, NO_NAMESPACE, type PolicyResolver } from './policy/resolve-policy.js';
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
  readonly loads: LoadContexts;
  readonly bypasses: Bypasses;
  readonly directWrites: DirectWrites;
  readonly writePath: WritePath;
  readonly invalidation: Invalidation;
  readonly targets: InvalidationTargets;
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
 *
 * This file is long because it documents all that users call. Each method says in which order others do the work.
 */
export class AgentCache {
  private closing: Promise<void> | null = null;

  constructor(private readonly parts: AgentCacheParts) {}

  /** `false` while disabled or closed: every call then runs its loader. */
  get isOpen(): boolean {
    return this.parts.enabled && !this.closing;
  }

  /**
   * What is stored under `key`, or what `loader` returns, which is then stored. Concurrent callers share one load; a call
   * that comes out of a load of its own key runs its loader, because it would wait for itself.
   */
  async getOrLoad<T>(key: string, loader: Loader<T>, policy: CachePolicy<T> = {}): Promise<T> {
    const [result] = await this.through<T>([key], policy, async ([request], signal) => [
      await loader(this.parts.loads.contextOf(request as LoadRequest<T>, signal)),
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
    const results = await this.through<T>(batch.distinctNames, policy, async (requests, signal) => {
      const missing = requests.map(({ address }) => batch.keyOf(address.key));
      return expectCount(await loadMissing(missing, { signal }), requests.length);
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
    const addresses = this.addressesOf(keys, policy);
    if (!addresses || keys.length === 0) return keys.map(() => undefined);
    return this.parts.loadThrough.get<T>(addresses);
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
    const addresses = this.addressesOf(keys, policy);
    if (!addresses) return false;
    if (addresses.length === 0) return true;
    const values = addresses.map((address, index) => [address, entries[index]?.[1]] as const);
    return this.parts.directWrites.store(values, lifetime);
  }

  /** Deletes one entry; `true` where there was one and its deletion is confirmed. */
  async delete(key: string, policy: Pick<CachePolicy, 'scope'> = {}): Promise<boolean> {
    const [address] = this.addressesOf([key], policy) ?? [];
    if (!address) return false;
    const { existed } = await this.parts.invalidation.ofKey(address);
    this.parts.events.emit('delete', { category: address.category, count: existed ? 1 : 0 });
    return existed;
  }

  /**
   * Makes all that `target` names unusable: on this instance at once, on others once acknowledged. There, a load that
   * began before it is fenced off by groups (`tag`, `tags`, `resource`, `context`, `namespace`, `scope`); by `key` and
   * `pattern` it may still store its result.
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
    const { policies, readPath, store, clock } = this.parts;
    const address = this.isOpen ? policies.addressToExplain(key, policy) : null;
    const [result] = address ? await readPath.read([address]) : [];
    return address && result
      ? explainRead(address, result, tierOf(store), clock.now())
      : explainBypass(key, this.bypassReason);
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

  /** Counts a call that went past the cache on purpose; `outcomeOf(result)` tells it from then on. */
  recordBypass(category: string, reason: BypassReason, result?: unknown): void {
    this.parts.bypasses.record(category, reason, result);
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
  close(): Promise<void> {
    // Closed before anybody hears of it: who is aborted may ask again, or close again.
    this.closing ??= Promise.resolve().then(() => this.end());
    return this.closing;
  }

  private end(): Promise<void> {
    this.parts.loads.abort();
    this.parts.invalidation.close();
    return this.parts.release();
  }

  private async through<T>(
    keys: readonly string[],
    policy: CachePolicy<T>,
    load: (requests: readonly LoadRequest<T>[], signal: AbortSignal) => Promise<readonly T[]>,
  ): Promise<readonly T[]> {
    const { policies, loadThrough, loads, bypasses } = this.parts;
    const addresses = policies.addressesOf(keys, policy);
    const run: Load<T> = (requests) => loads.during((signal) => load(requests, signal));
    if (!this.isOpen || !addresses) return bypasses.load(keys, policy, this.bypassReason, run);
    return loadThrough.run({ addresses, lifetime: policies.lifetimeOf(policy), admit: policy.admit }, run);
  }

  /** `null`, and counted: the call goes past the cache. */
  private addressesOf(keys: readonly string[], policy: CachePolicy<never>): EntryAddress[] | null {
    const addresses = this.parts.policies.addressesOf(keys, policy);
    if (this.isOpen && addresses) return addresses;
    this.parts.bypasses.recordKeys(keys, policy, this.bypassReason);
    return null;
  }

  private get bypassReason(): OwnBypass {
    if (this.isOpen) return 'unknown-scope';
    return this.parts.enabled ? 'closed' : 'disabled';
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
