import { composeCache, type ComposedCache } from '../composition/compose-cache.js';
import { CacheEventBus, type CacheEventName, type CacheEvents } from '../core/events.js';
import type { CacheOptions } from '../core/policy/options.js';
import { resolveOptions } from '../core/policy/resolve-options.js';
import type { Clock } from '../core/ports/clock.js';
import type { FakeConnection } from './fake-connection.js';
import { FakeRedis } from './fake-redis.js';

/** Options of {@link createTestCache}: those of `createAgentCache`, and what the cache runs on. */
export interface TestCacheOptions extends CacheOptions {
  /** Several caches on one server are several processes. Default: a server of its own. */
  readonly server?: FakeRedis;
  /** Default: the server's. */
  readonly clock?: Clock;
}

/** What was emitted, and under which name. */
export interface RecordedEvent<N extends CacheEventName = CacheEventName> {
  readonly name: N;
  readonly event: CacheEvents[N];
}

/** A whole cache over a fake Redis. */
export interface TestCache extends Pick<ComposedCache, 'cache' | 'client' | 'keys' | 'metrics' | 'scope'> {
  /** This cache's own connection, with faults of its own. */
  readonly redis: FakeConnection;
  /** What {@link redis} is connected to. */
  readonly server: FakeRedis;
  /** Everything that was emitted, in order. */
  readonly events: readonly RecordedEvent[];
  /** What was emitted under `name`, in order. */
  readonly eventsOf: <N extends CacheEventName>(name: N) => CacheEvents[N][];
  /** The server and other caches on it go on. */
  readonly close: () => Promise<void>;
}

/** Hands events on and remembers them. */
class RecordingBus extends CacheEventBus {
  readonly recorded: RecordedEvent[] = [];

  override emit<N extends CacheEventName>(name: N, event: CacheEvents[N]): void {
    this.recorded.push({ name, event });
    super.emit(name, event);
  }
}

/** Read by nothing but the check of options: the connection is a fake one. */
const FAKE_URL = 'redis://fake-redis';

/**
 * A real cache, as an app has it, connected to a fake Redis. Throws `CacheConfigurationError` for wrong options. Call
 * `close()` when done.
 */
export function createTestCache({ server, clock, ...options }: TestCacheOptions = {}): TestCache {
  const shared = server ?? new FakeRedis(clock && { clock });
  const own = clock ?? shared.clock;
  const hasTopology = options.redis?.url ?? options.redis?.clusterNodes ?? options.redis?.sentinels;
  const redis = hasTopology ? options.redis : { ...options.redis, url: FAKE_URL };
  const resolved = resolveOptions({ ...options, ...(redis && { redis }) });
  const events = new RecordingBus();
  const timeoutMs = resolved.redis?.timeoutMs;
  const connection = shared.connect({ clock: own, events, ...(timeoutMs !== undefined && { timeoutMs }) });
  const composed = composeCache(resolved, { store: connection, clock: own, events });
  const { cache, client, keys, metrics, scope } = composed;
  return {
    ...{ cache, client, keys, metrics, scope },
    redis: connection,
    server: shared,
    events: events.recorded,
    eventsOf: <N extends CacheEventName>(name: N) =>
      events.recorded.filter((each): each is RecordedEvent<N> => each.name === name).map(({ event }) => event),
    close: () => composed.close(),
  };
}
