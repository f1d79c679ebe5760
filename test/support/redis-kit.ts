import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../src/composition/system-clock.js';
import { CacheClient } from '../../src/core/cache-client.js';
import { CacheEventBus, type CacheEventName, type CacheEvents } from '../../src/core/events.js';
import type { RedisTopology, ResolvedRedisOptions } from '../../src/core/policy/options.js';
import type { Store } from '../../src/core/ports/store.js';
import type { ResilienceTuning } from '../../src/core/resilience/resilience-defaults.js';
import { loadIoredis } from '../../src/tiers/redis/clients/load-ioredis.js';
import { RedisStore } from '../../src/tiers/redis/redis-store.js';
import type { RedisServer } from './redis-server.js';

/** The redis options of a configuration that names only where Redis is. */
export function redisOptions(
  where: string | RedisTopology,
  options: Partial<ResolvedRedisOptions> = {},
): ResolvedRedisOptions {
  return {
    topology: typeof where === 'string' ? { mode: 'standalone', url: where } : where,
    timeoutMs: 100,
    connectTimeoutMs: 2_000,
    maxInFlight: 512,
    connections: 1,
    minReplicas: 0,
    username: undefined,
    password: undefined,
    sentinelUsername: undefined,
    sentinelPassword: undefined,
    tls: undefined,
    ...options,
  };
}

export type Recorded = {
  readonly [N in CacheEventName]: { readonly name: N; readonly event: CacheEvents[N] };
}[CacheEventName];

/** An event sink that remembers. */
export class EventRecorder extends CacheEventBus {
  readonly all: Recorded[] = [];

  override emit<N extends CacheEventName>(name: N, event: CacheEvents[N]): void {
    this.all.push({ name, event } as unknown as Recorded);
    super.emit(name, event);
  }

  of<N extends CacheEventName>(name: N): CacheEvents[N][] {
    return this.all.filter((recorded) => recorded.name === name).map(({ event }) => event as CacheEvents[N]);
  }

  /** Names of the changes of the tier, in order. */
  get tierChanges(): CacheEventName[] {
    return this.all.map(({ name }) => name).filter((name) => name === 'tierFailed' || name === 'tierRecovered');
  }
}

export interface OpenedRedis {
  readonly store: RedisStore;
  readonly client: CacheClient;
  readonly events: EventRecorder;
}

/** A store on Redis and a client on it, with real time. Does not wait for the connection. */
export async function openRedis(
  where: string | RedisTopology,
  options: Partial<ResolvedRedisOptions> = {},
  tuning: Partial<ResilienceTuning> = {},
): Promise<OpenedRedis> {
  const library = await loadIoredis();
  if (!library) throw new Error('ioredis is not installed');
  const events = new EventRecorder();
  const store = new RedisStore(library, redisOptions(where, options), { clock: systemClock, events, tuning });
  return { store, events, client: clientOn(store, events) };
}

/** A client with an hour as the default time to live and a day as the longest. */
export function clientOn(store: Store, events: EventRecorder, enabled = true): CacheClient {
  return new CacheClient({
    store,
    events,
    enabled,
    clock: systemClock,
    prefix: 'test',
    defaultTtlMs: 3_600_000,
    maxTtlMs: 86_400_000,
    counts: () => ({ hits: events.of('hit').length, misses: events.of('miss').length }),
  });
}

/** Polls until `condition` holds. Rejects after `withinMs`. */
export async function until(condition: () => boolean | Promise<boolean>, withinMs = 5_000): Promise<void> {
  const endMs = performance.now() + withinMs;
  while (!(await condition())) {
    if (performance.now() > endMs)
      throw new Error(`it did not come to pass within ${withinMs} ms: ${condition.toString()}`);
    await sleep(2);
  }
}

/** Polls until `count` stores hear from the server what changes. */
export function untilHeard(server: RedisServer, count: number): Promise<void> {
  return until(async () => {
    const [, subscribers] = (await server.command('PUBSUB', 'NUMSUB', '__redis__:invalidate')) as unknown[];
    return subscribers === count;
  });
}

/** Sockets and timers that keep the process alive. */
export function openHandles(): number {
  const kinds = new Set(['TCPSocketWrap', 'TCPConnectWrap', 'TLSWrap', 'Timeout', 'GetAddrInfoReqWrap']);
  return process.getActiveResourcesInfo().filter((kind) => kinds.has(kind)).length;
}

/** What `work` resolves to and how long it took. */
export async function timed<T>(work: () => Promise<T>): Promise<{ value: T; ms: number }> {
  const start = performance.now();
  const value = await work();
  return { value, ms: performance.now() - start };
}
