import { composeCache, type ComposedCache } from '../../src/composition/compose-cache.js';
import { CacheEventBus, type CacheEventName, type CacheEvents } from '../../src/core/events.js';
import type { CacheOptions } from '../../src/core/policy/options.js';
import { resolveOptions } from '../../src/core/policy/resolve-options.js';
import type { AgentCache } from '../../src/core/cache.js';
import { FakeClock } from '../../src/testing/fake-clock.js';
import { MemoryStore } from '../../src/tiers/memory/memory-store.js';
import { ScriptedStore } from './scripted-store.js';

const NAMES: readonly CacheEventName[] = [
  'hit',
  'miss',
  'stale',
  'load',
  'set',
  'overtaken',
  'evict',
  'delete',
  'invalidate',
  'bypass',
  'verified',
  'distrusted',
  'costUnknown',
  'refused',
  'error',
  'tierFailed',
  'tierRecovered',
];

export interface CacheKit {
  readonly cache: AgentCache;
  readonly composed: ComposedCache;
  readonly store: ScriptedStore;
  readonly clock: FakeClock;
  /** Everything that was emitted, in order. */
  readonly events: { name: CacheEventName; event: CacheEvents[CacheEventName] }[];
  /** Names of what was emitted, in order. */
  names(): CacheEventName[];
}

/**
 * A real cache on a memory that a test can let fail, under a clock that a test moves. `shared`: whose memory and clock it
 * has; what that one's store fails or holds, fails or is held here, too.
 */
export function createCacheKit(options: CacheOptions = {}, shared?: CacheKit, random?: () => number): CacheKit {
  const clock = shared?.clock ?? new FakeClock();
  const bus = new CacheEventBus();
  const events: CacheKit['events'] = [];
  for (const name of NAMES) bus.on(name, (event) => void events.push({ name, event }));
  const resolved = resolveOptions(options);
  const inner = shared ? shared.store : new MemoryStore({ ...resolved.memory, clock });
  const store = new ScriptedStore(inner, shared !== undefined);
  const composed = composeCache(resolved, { store, clock, events: bus, ...(random && { random }) });
  return { cache: composed.cache, composed, store, clock, events, names: () => events.map(({ name }) => name) };
}

/** Instances of a cache on one store, as in several processes, whose faults are their own. */
export function createInstances(options: CacheOptions = {}): readonly [CacheKit, CacheKit, CacheKit] {
  const base = createCacheKit(options);
  return [createCacheKit(options, base), createCacheKit(options, base), createCacheKit(options, base)];
}

/** A promise and the functions that settle it. */
export function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void; reject: (error: unknown) => void } {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

/** Lets everything that is ready run. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}
