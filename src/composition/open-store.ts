import type { CacheEventBus } from '../core/events.js';
import type { ResolvedOptions } from '../core/policy/options.js';
import type { Clock } from '../core/ports/clock.js';
import type { Store } from '../core/ports/store.js';
import { closedStore } from '../tiers/closed-store.js';
import { MemoryStore } from '../tiers/memory/memory-store.js';
import { loadIoredis } from '../tiers/redis/load-ioredis.js';
import { RedisStore } from '../tiers/redis/redis-store.js';

export interface StoreSurroundings {
  readonly clock: Clock;
  readonly events: CacheEventBus;
  /** Told once when `REDIS_URL` is set and `ioredis` is not installed. */
  readonly warn: (message: string) => void;
  /** How long to wait for the first attempt to reach Redis, in milliseconds. 0: not at all. */
  readonly waitMs: number;
}

/**
 * The store that the options ask for: Redis, memory, or none when the cache is disabled. With Redis asked for and
 * `ioredis` not installed: warns and takes memory.
 */
export async function openStore(
  options: ResolvedOptions,
  { clock, events, warn, waitMs }: StoreSurroundings,
): Promise<Store> {
  if (!options.enabled || !options.redis) return openLocalStore(options, clock);
  const ioredis = await loadIoredis();
  if (ioredis) {
    const store = new RedisStore(ioredis, options.redis, { clock, events });
    if (waitMs > 0) await store.ready(waitMs);
    return store;
  }
  warn('Redis is configured, but the package ioredis is not installed: caching in memory. Run: npm install ioredis');
  return openLocalStore(options, clock);
}

/** The store of a cache that keeps to its process, at once. */
export function openLocalStore({ enabled, memory }: Pick<ResolvedOptions, 'enabled' | 'memory'>, clock: Clock): Store {
  return enabled ? new MemoryStore({ ...memory, clock }) : closedStore();
}
