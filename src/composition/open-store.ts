import type { CacheEventBus } from '../core/events.js';
import { versionPrefixOf } from '../core/key/store-names.js';
import type { ResolvedOptions, ResolvedRedisOptions } from '../core/policy/options.js';
import type { Clock } from '../core/ports/clock.js';
import type { Store } from '../core/ports/store.js';
import { closedStore } from '../tiers/closed-store.js';
import { MemoryStore } from '../tiers/memory/memory-store.js';
import { loadIoredis } from '../tiers/redis/clients/load-ioredis.js';
import type { RedisParts } from '../tiers/redis/redis-parts.js';
import { RedisStore } from '../tiers/redis/redis-store.js';

export interface StoreSurroundings {
  readonly clock: Clock;
  readonly events: CacheEventBus;
  /** Told once when Redis is asked for and `ioredis` is not there, or is one that does not work. */
  readonly warn: (message: string) => void;
  /** How long to wait for the first attempt to reach Redis, in milliseconds. 0: not at all. */
  readonly waitMs: number;
}

/**
 * The store that the options ask for: Redis, memory, the user's own, or none when the cache is disabled. With Redis asked for and no
 * `ioredis` that works: warns and takes memory. Never rejects.
 */
export async function openStore(
  options: ResolvedOptions,
  { clock, events, warn, waitMs }: StoreSurroundings,
): Promise<Store> {
  if (!options.enabled || !options.redis) return openLocalStore(options, { clock, events });
  const store = await openRedisStore(options.redis, {
    clock,
    events,
    prefix: options.prefix,
    tracking: { withoutTrackingMs: options.memory.withoutTrackingMs },
  });
  if (!store) {
    warn('Redis is configured, but no ioredis (5.9 or newer) works here: caching in memory. Run: npm install ioredis');
    return openLocalStore(options, { clock, events });
  }
  if (waitMs > 0) await store.ready(waitMs);
  return store;
}

async function openRedisStore(options: ResolvedRedisOptions, parts: RedisParts): Promise<RedisStore | null> {
  try {
    const ioredis = await loadIoredis();
    return ioredis && new RedisStore(ioredis, options, parts);
  } catch {
    return null;
  }
}

type LocalOptions = Pick<ResolvedOptions, 'enabled' | 'memory' | 'prefix'> & Partial<Pick<ResolvedOptions, 'store'>>;

/** The store of a cache that keeps to its process, or to the user's own store, at once. */
export function openLocalStore(
  options: LocalOptions,
  { clock, events }: Pick<StoreSurroundings, 'clock' | 'events'>,
): Store {
  const { enabled, memory, prefix, store } = options;
  if (!enabled) return closedStore();
  if (store) return store;
  const versionPrefix = versionPrefixOf(prefix);
  const onEvicted = (storageKey: string): void => {
    if (!storageKey.startsWith(versionPrefix)) events.emit('evict', { storageKey });
  };
  return new MemoryStore({ ...memory, clock, versionPrefix, onEvicted });
}
