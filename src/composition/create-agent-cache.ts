import type { AgentCache } from '../core/cache.js';
import { CacheEventBus } from '../core/events.js';
import type { CacheOptions } from '../core/policy/options.js';
import { resolveOptions } from '../core/policy/resolve-options.js';
import { composeCache } from './compose-cache.js';
import { LateStore } from './late-store.js';
import { openLocalStore, openStore } from './open-store.js';
import { systemClock } from './system-clock.js';

/**
 * A cache without Nest. Connects in the background and never waits for Redis: until it is there, loaders run. Throws
 * `CacheConfigurationError` for wrong options. Call `close()` when done.
 */
export function createAgentCache(options: CacheOptions = {}): AgentCache {
  const resolved = resolveOptions(options);
  const events = new CacheEventBus();
  const surroundings = { clock: systemClock, events };
  const warn = (reason: string): void => events.emit('tierFailed', { tier: 'redis', reason });
  const store = resolved.redis
    ? new LateStore(resolved.redis.topology.mode, openStore(resolved, { ...surroundings, warn, waitMs: 0 }))
    : openLocalStore(resolved, surroundings);
  return composeCache(resolved, { ...surroundings, store }).cache;
}
