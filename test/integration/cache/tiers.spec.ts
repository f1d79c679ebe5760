import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { composeCache, type ComposedCache } from '../../../src/composition/compose-cache.js';
import { openStore } from '../../../src/composition/open-store.js';
import { systemClock } from '../../../src/composition/system-clock.js';
import type { AgentCache } from '../../../src/core/cache.js';
import { CacheEventBus, type CacheEvents } from '../../../src/core/events.js';
import { storeNamesOf } from '../../../src/core/key/store-names.js';
import type { CacheOptions } from '../../../src/core/policy/options.js';
import { resolveOptions } from '../../../src/core/policy/resolve-options.js';
import { FaultProxy } from '../../support/fault-proxy.js';
import { until } from '../../support/redis-kit.js';
import { RedisServer } from '../../support/redis-server.js';

const KEY = 'agent-cache:k:1';

let server: RedisServer;
const open: ComposedCache[] = [];

beforeAll(async () => {
  server = await RedisServer.start();
});
beforeEach(() => server.command('FLUSHALL'));
afterEach(async () => {
  await server.command('CONFIG', 'SET', 'maxmemory', '0');
  await Promise.all(open.splice(0).map((composed) => composed.close()));
});
afterAll(() => server.stop());

/** A whole cache that is connected. */
async function connected(options: CacheOptions = {}): Promise<ComposedCache> {
  const resolved = resolveOptions({ redis: { url: server.url }, ...options });
  const surroundings = { clock: systemClock, events: new CacheEventBus() };
  const store = await openStore(resolved, { ...surroundings, warn: () => undefined, waitMs: 5_000 });
  const composed = composeCache(resolved, { ...surroundings, store });
  open.push(composed);
  return composed;
}

const call = (cache: AgentCache, key = 'k:1', text = 'as loaded'): Promise<{ text: string }> =>
  cache.getOrLoad(key, async () => ({ text }));
const tierOfHit = async (cache: AgentCache, key?: string): Promise<unknown> => {
  const outcome = cache.outcomeOf(await call(cache, key));
  return outcome?.status === 'hit' ? outcome.tier : outcome?.status;
};
/** Loads `key` and waits until memory answers it. */
const hold = (cache: AgentCache, key?: string): Promise<void> =>
  until(async () => (await tierOfHit(cache, key)) === 'memory');

describe('a hit in memory in front of Redis', () => {
  it('is told of as one: by outcome, explanation, event, metrics and health', async () => {
    const { cache, metrics, client } = await connected();
    await hold(cache);
    metrics.reset();
    const hits: CacheEvents['hit'][] = [];
    cache.on('hit', (hit) => hits.push(hit));
    expect(await tierOfHit(cache)).toBe('memory');
    expect(await cache.explain('k:1')).toMatchObject({ status: 'hit', tier: 'memory' });
    expect(hits).toEqual([expect.objectContaining({ tier: 'memory', category: 'k', key: 'k:1' })]);
    expect(metrics.summary()).toMatchObject({ hits: 1, misses: 0, hitRate: 1, redisConnected: true });
    const { mode, hits: counted, memory } = await client.healthCheck();
    expect({ mode, counted }).toEqual({ mode: 'standalone', counted: 1 });
    // The server's memory, not that of this process.
    expect(memory).toEqual({ usedBytes: expect.any(Number), maxBytes: null, evictionPolicy: 'noeviction' });
    expect(memory.usedBytes).toBeGreaterThan(500_000);
  });

  it('is none where memory holds nothing: Redis answers each time', async () => {
    const { cache } = await connected({ memory: { maxBytes: 0 } });
    await call(cache);
    for (let time = 0; time < 20; time++) expect(await tierOfHit(cache)).toBe('redis');
    expect(await cache.explain('k:1')).toMatchObject({ status: 'hit', tier: 'redis' });
  });

  it('becomes one in Redis when its entry has to go for want of room, which is told', async () => {
    const { cache } = await connected({ memory: { maxEntries: 1 } });
    const evicted: string[] = [];
    cache.on('evict', ({ storageKey }) => evicted.push(storageKey));
    await hold(cache, 'k:1');
    await hold(cache, 'k:2');
    expect(evicted).toEqual([KEY]);
    expect(await tierOfHit(cache, 'k:1')).toBe('redis');
  });
});

describe('what memory holds', () => {
  it.each<[string, () => Promise<unknown>]>([
    ['a DEL', () => server.command('DEL', KEY)],
    ['a SET', () => server.command('SET', KEY, 'something else')],
    ['an expiry', () => server.command('PEXPIRE', KEY, 1)],
    ['FLUSHALL', () => server.command('FLUSHALL')],
    ['an eviction', evictAll],
  ])('is gone after %s from outside, while memory goes on to serve', async (_what, change) => {
    const { cache } = await connected();
    await hold(cache);
    await change();
    await until(async () => (await cache.get('k:1')) === undefined);
    await hold(cache, 'k:other');
    expect(await cache.get('k:1')).toBeUndefined();
  });
});

/** For a moment, Redis has room for nothing. */
async function evictAll(): Promise<void> {
  await server.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
  await server.command('CONFIG', 'SET', 'maxmemory', '1');
  await until(async () => (await server.command('DBSIZE')) === 0);
  await server.command('CONFIG', 'SET', 'maxmemory', '0');
  await server.command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
}

describe('a pattern that is invalidated here', () => {
  it('also covers what others have deleted and this process has not been told of yet', async () => {
    const proxy = await FaultProxy.start(server.port);
    try {
      const { cache } = await connected({ redis: { url: proxy.url } });
      await hold(cache);
      proxy.stall(/TRACKING/i);
      await server.command('DEL', KEY);
      expect(await tierOfHit(cache)).toBe('memory');
      expect(await cache.invalidate({ pattern: 'k:*' })).toEqual({ acknowledged: true });
      expect(await cache.get('k:1')).toBeUndefined();
    } finally {
      await proxy.heal();
      await proxy.stop();
    }
  });
});

describe('an entry in Redis', () => {
  const keys = [`a:${Buffer.alloc(32, 1).toString('base64')}`];
  const flipped = (bytes: Buffer, at: number): Buffer => {
    const copy = Buffer.from(bytes);
    copy[at] = (copy[at] as number) ^ 1;
    return copy;
  };

  it.each<[string, CacheOptions, (stored: Buffer) => Buffer]>([
    ['of another version', {}, (stored) => Buffer.from(stored.toString('latin1').replace(/^ac1 /, 'ac2 '), 'latin1')],
    ['that was cut', {}, (stored) => stored.subarray(0, -1)],
    ['of which a byte was changed', {}, (stored) => flipped(stored, stored.length - 3)],
    ['whose tag is wrong', { encryption: { keys } }, (stored) => flipped(stored, stored.length - 1)],
  ])('%s is a miss, and the next load replaces it', async (_what, options, change) => {
    const { cache, client } = await connected(options);
    await call(cache);
    const name = storeNamesOf(resolveOptions(options)).entryKeyOf('k:1', '');
    const stored = (await client.getBytes(name.slice('agent-cache:'.length))) as Buffer;
    await server.command('SET', name, change(stored), 'PX', 60_000);
    const reasons: string[] = [];
    cache.on('miss', ({ reason }) => reasons.push(reason));
    await until(async () => (await call(cache, 'k:1', 'anew')).text === 'anew');
    expect(reasons).toEqual(['corrupt']);
    expect(await tierOfHit(cache)).toBe('redis');
  });

  it('of another key is a miss, and the connection it came over is made anew', async () => {
    const { cache, client } = await connected();
    await call(cache, 'k:2', 'of another');
    await server.command('SET', KEY, (await client.getBytes('k:2')) as Buffer, 'PX', 60_000);
    const before = await dataConnections();
    expect(before).toHaveLength(1);
    expect(await call(cache)).toEqual({ text: 'as loaded' });
    await until(async () => {
      const [now] = await dataConnections();
      return now !== undefined && now !== before[0];
    });
    await until(async () => (await tierOfHit(cache)) === 'memory');
    expect(await call(cache)).toEqual({ text: 'as loaded' });
  });
});

/** Ids of the clients that neither listen nor ask this. */
async function dataConnections(): Promise<string[]> {
  const clients = String(await server.command('CLIENT', 'LIST', 'TYPE', 'normal')).split('\n');
  return clients.flatMap((line) => (/ cmd=client/.test(line) ? [] : (/^id=(\d+)/.exec(line)?.slice(1) ?? [])));
}
