import { systemClock } from '../../src/composition/system-clock.js';
import type { RedisTopology, ResolvedRedisOptions } from '../../src/core/policy/options.js';
import { loadIoredis } from '../../src/tiers/redis/clients/load-ioredis.js';
import type { TrackingOptions } from '../../src/tiers/redis/redis-parts.js';
import { RedisStore } from '../../src/tiers/redis/redis-store.js';
import { EventRecorder, redisOptions, until } from './redis-kit.js';

/** The prefix of the keys that are tracked, without its `:`. */
export const PREFIX = 'app';

/** Everything that a feed has told, in order. */
export class Told {
  /** `null`: anything may have changed. */
  readonly all: (string | null)[] = [];

  countOf(key: string | null): number {
    return this.all.filter((told) => told === key).length;
  }

  forget(): void {
    this.all.length = 0;
  }
}

export interface TrackedRedis {
  readonly store: RedisStore;
  readonly events: EventRecorder;
  readonly told: Told;
  /** Whether what was read just now may be served later. */
  isFresh(): boolean;
  untilFresh(): Promise<void>;
}

/** A store on Redis that hears what others change, with real time. Does not wait for anything. */
export async function openTracked(
  where: string | RedisTopology,
  options: Partial<ResolvedRedisOptions> = {},
  tracking: TrackingOptions | null = { withoutTrackingMs: null },
): Promise<TrackedRedis> {
  const library = await loadIoredis();
  if (!library) throw new Error('ioredis is not installed');
  const events = new EventRecorder();
  const parts = { clock: systemClock, events, prefix: PREFIX, tracking };
  const store = new RedisStore(library, redisOptions(where, options), parts);
  const told = new Told();
  store.changes.listen({ changed: (keys) => void told.all.push(...keys), lost: () => void told.all.push(null) });
  const isFresh = (): boolean => store.changes.isFresh(performance.now() - 60_000);
  return { store, events, told, isFresh, untilFresh: () => until(isFresh, 10_000) };
}

/** For how long `condition` holds from now on, in milliseconds; at most `withinMs`. Looks in every turn of the event loop. */
export function whileHolds(condition: () => boolean, withinMs: number): Promise<number> {
  const startMs = performance.now();
  return new Promise((resolve) => {
    const look = (): void => {
      const ms = performance.now() - startMs;
      if (condition() && ms < withinMs) setImmediate(look);
      else resolve(ms);
    };
    look();
  });
}
