export { storeContract, type StoreContractOptions } from './testing/contract/store-contract.js';
export type { StoreCheck, StoreUnderTest } from './testing/contract/checks.js';
export { FakeClock } from './testing/fake-clock.js';
export type { FakeConnection, Faults } from './testing/fake-connection.js';
export { FakeRedis, type FakeConnectionOptions, type FakeRedisOptions } from './testing/fake-redis.js';
export { createTestCache, type RecordedEvent, type TestCache, type TestCacheOptions } from './testing/test-cache.js';
export type { ChangeFeed, ChangeListener } from './core/ports/change-feed.js';
export type { Clock, Timer } from './core/ports/clock.js';
export { fingerprintOf } from './core/ports/entry-store.js';
export type {
  EntryStore,
  EntryWrite,
  LeaseExtension,
  LeaseRequest,
  LeaseState,
  LeaseToken,
  PublishState,
  StoredEntries,
  StoredEntry,
} from './core/ports/entry-store.js';
export type { Reply, Store, StoreHealth, StoreMode, StoreWrite, UnavailableReason } from './core/ports/store.js';
