import type { ChangeFeed } from '../core/ports/change-feed.js';
import type { EntryStore } from '../core/ports/entry-store.js';
import type { Reply, Store, StoreHealth, StoreMode, UnavailableReason } from '../core/ports/store.js';
import { unavailable } from '../core/resilience/unavailable.js';

const UNKNOWN_MEMORY: StoreHealth['memory'] = { usedBytes: null, maxBytes: null, evictionPolicy: null };
const NO_CONNECTIONS: StoreHealth['connections'] = { open: 0, inFlight: 0, shed: 0 };
const NO_CHANGES: ChangeFeed = { isFresh: () => false, listen: () => () => {}, settled: () => Promise.resolve(false) };

const entriesThat = (answer: () => Promise<Reply<never>>): EntryStore => ({
  read: answer,
  ensureVersions: answer,
  lease: answer,
  extendLeases: answer,
  publish: answer,
  release: answer,
  distrust: () => {},
});

/** A store that keeps nothing and answers `reason` to everything. `message`: what it says of its health. */
function unansweringStore(reason: UnavailableReason, mode: StoreMode, message: string): Store {
  const answer = (): Promise<Reply<never>> => Promise.resolve(unavailable(reason));
  const health = { connected: false, message, mode, latencyMs: null, breaker: 'closed' } as const;
  return {
    mode,
    isAvailable: false,
    entries: entriesThat(answer),
    changes: NO_CHANGES,
    get: answer,
    getMany: answer,
    set: answer,
    setIfAbsent: answer,
    setMany: answer,
    setManyOnce: answer,
    extend: answer,
    delete: answer,
    increment: answer,
    deleteMatching: () => Promise.resolve({ deleted: 0, complete: false }),
    health: () => Promise.resolve({ ...health, memory: UNKNOWN_MEMORY, connections: NO_CONNECTIONS }),
    onRecovered: () => () => {},
    close: () => Promise.resolve(),
  };
}

/** What a disabled cache has instead of a store. */
export const closedStore = (): Store => unansweringStore('closed', 'memory', 'The cache is disabled or closed.');

/** What stands in for a store that is still being opened. */
export const openingStore = (mode: StoreMode): Store =>
  unansweringStore('disconnected', mode, 'The cache is starting.');
