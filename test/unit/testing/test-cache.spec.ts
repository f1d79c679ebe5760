import { beforeEach, describe, expect, it } from '@jest/globals';
import { createTestCache, FakeClock, FakeRedis, type TestCache, type TestCacheOptions } from '../../../src/testing.js';

const KEY = 'user:1';

describe('caches on one fake Redis', () => {
  let clock: FakeClock;
  let server: FakeRedis;
  let a: TestCache;
  let b: TestCache;
  let loads: number;

  const open = (options: TestCacheOptions = {}): TestCache => createTestCache({ server, ...options });
  beforeEach(() => {
    clock = new FakeClock();
    server = new FakeRedis({ clock });
    loads = 0;
    a = open();
    b = open();
  });

  const loaded = (test: TestCache): Promise<string> =>
    test.cache.getOrLoad(KEY, () => Promise.resolve(`load ${++loads}`), { ttl: '10m', tags: ['users'] });
  /** The answer, when also that is done which the caller does not wait for. */
  const load = async (test: TestCache): Promise<string> => {
    const answer = await loaded(test);
    await clock.advance(0);
    return answer;
  };
  /** What settles once `ms` milliseconds have passed. */
  const within = async <T>(ms: number, work: Promise<T>): Promise<T> => {
    let isSettled = false;
    void work.finally(() => (isSettled = true)).catch(() => undefined);
    for (let passed = 0; passed <= ms && !isSettled; passed += 10) await clock.advance(passed === 0 ? 0 : 10);
    if (!isSettled) throw new Error(`not settled within ${ms} ms`);
    return work;
  };
  const tiers = (test: TestCache): unknown[] => test.eventsOf('hit').map(({ tier }) => tier);

  it('share what one has loaded, and then have it in memory', async () => {
    expect(await load(a)).toBe('load 1');
    expect(await load(b)).toBe('load 1');
    expect(await load(b)).toBe('load 1');
    expect(loads).toBe(1);
    expect(a.eventsOf('load')).toHaveLength(1);
    expect(tiers(b)).toEqual(['redis', 'memory']);
  });

  it.each<[string, () => Promise<unknown>]>([
    ['a tag is invalidated by the other', () => b.cache.invalidate({ tag: 'users' })],
    ['the key is deleted by the other', () => b.cache.invalidate({ key: KEY })],
    ['another program deletes everything', () => server.flush()],
  ])('serve nothing from memory once %s', async (_what, change) => {
    await load(a);
    await load(a);
    await change();
    expect(await load(a)).toBe('load 2');
  });

  it.each<[string, () => Promise<unknown>]>([
    ['a tag is invalidated by the other', () => b.cache.invalidate({ tag: 'users' })],
    ['the key is deleted by the other', () => b.cache.invalidate({ key: KEY })],
    ['another program deletes everything', () => server.flush()],
  ])('do not join a load that began before %s', async (_what, change) => {
    let land: (value: string) => void = () => undefined;
    const landing = new Promise<string>((resolve) => (land = resolve));
    const first = a.cache.getOrLoad(KEY, () => landing, { ttl: '10m', tags: ['users'] });
    await clock.advance(100);
    await change();
    expect(await within(1_000, loaded(a))).toBe('load 1');
    land('old');
    expect(await first).toBe('old');
    expect(await load(b)).toBe('load 1');
  });

  it('load once what both want at the same time', async () => {
    const [one, other] = await within(1_000, Promise.all([loaded(a), loaded(b)]));
    expect([one, other]).toEqual(['load 1', 'load 1']);
  });

  it('have a server of their own unless they are given one', async () => {
    const alone = createTestCache({ clock });
    await load(a);
    expect(await load(alone)).toBe('load 2');
    expect(alone.server.clock).toBe(clock);
  });

  it('take the options of a cache', async () => {
    const off = open({ enabled: false });
    expect(await load(off)).toBe('load 1');
    expect(off.eventsOf('bypass')).toMatchObject([{ reason: 'disabled' }]);
    expect(() => open({ prefix: 'a b' })).toThrow(/prefix/);
  });

  it('know only what they were given', async () => {
    await load(a);
    expect(await load(open({ prefix: 'other' }))).toBe('load 2');
  });

  it('offer the client, keys, metrics and scope of the same cache', async () => {
    await a.client.set('k', 'v');
    expect(await b.client.get('k')).toBe('v');
    await load(a);
    expect(a.metrics.summary()).toMatchObject({ misses: 1 });
    expect(a.keys.key('user', 1)).toBe('user:1');
    expect(await a.scope.run({ tenant: 't' }, () => load(a))).toBe('load 2');
  });

  it('end one by one', async () => {
    await load(a);
    await a.close();
    expect(await load(b)).toBe('load 1');
    expect(await a.redis.get('k')).toEqual({ ok: false, reason: 'closed' });
    expect(await load(a)).toBe('load 2');
    await b.close();
    expect(clock.pendingTimerCount).toBe(0);
  });

  it('forget what Redis forgets', async () => {
    await load(a);
    await clock.advance(600_000);
    expect(await load(a)).toBe('load 2');
  });

  describe('when the server', () => {
    it('refuses connections, run without it and say so, until it recovers', async () => {
      await load(a);
      server.refuse();
      expect(a.redis.isAvailable).toBe(false);
      expect(await load(a)).toBe('load 2');
      expect(await a.client.get('k')).toBeNull();
      expect(await a.client.healthCheck()).toMatchObject({ connected: false });
      expect(a.eventsOf('tierFailed')).toEqual([{ tier: 'redis', reason: 'disconnected' }]);
      await clock.advance(2_000);
      server.recover();
      expect(a.eventsOf('tierRecovered')).toEqual([{ tier: 'redis', downMs: 2_000 }]);
      expect(await load(a)).toBe('load 1');
      expect(await a.client.healthCheck()).toMatchObject({ connected: true, mode: 'standalone' });
    });

    it('hangs, wait as long as they are told and then no more', async () => {
      const impatient = open({ redis: { timeout: '30ms' } });
      server.hang();
      expect(await within(30, impatient.redis.get('k'))).toEqual({ ok: false, reason: 'timeout' });
      expect(await impatient.redis.get('k')).toEqual({ ok: false, reason: 'breaker-open' });
      expect(impatient.eventsOf('tierFailed')).toEqual([{ tier: 'redis', reason: 'timeout' }]);
      expect(await impatient.redis.health()).toMatchObject({ breaker: 'open', latencyMs: null });
      server.recover();
      expect(await impatient.redis.get('k')).toEqual({ ok: true, value: null });
    });

    it('hangs, does late what was sent meanwhile', async () => {
      server.hang();
      const write = { key: 'k', value: Buffer.from('late'), ttlMs: 1_000 };
      expect(await within(100, a.redis.set(write))).toEqual({ ok: false, reason: 'timeout' });
      expect(await server.outside.get('k')).toEqual({ ok: true, value: null });
      server.recover();
      expect(await server.outside.get('k')).toEqual({ ok: true, value: Buffer.from('late') });
    });

    it('hangs, serve from memory for as long as the lease of freshness, and no longer', async () => {
      await load(a);
      await load(a);
      server.hang();
      await clock.advance(499);
      expect(await load(a)).toBe('load 1');
      await clock.advance(1);
      expect(await within(300, loaded(a))).toBe('load 2');
    });

    it('is slow, get their answers late', async () => {
      server.slow(40);
      const reading = a.redis.get('k');
      await clock.advance(39);
      expect(await Promise.race([reading, Promise.resolve('waiting')])).toBe('waiting');
      await clock.advance(1);
      expect(await reading).toEqual({ ok: true, value: null });
      expect(await within(100, a.redis.changes.settled())).toBe(true);
      server.slow(400);
      expect(await within(100, a.redis.get('k'))).toEqual({ ok: false, reason: 'timeout' });
      expect(await within(100, a.redis.changes.settled())).toBe(false);
    });

    it('answers with an error, run without it', async () => {
      server.error('OOM command not allowed');
      expect(await load(a)).toBe('load 1');
      expect(await a.redis.get('k')).toEqual({ ok: false, reason: 'rejected' });
      expect(await a.redis.deleteMatching('*')).toEqual({ deleted: 0, complete: false });
      expect(await a.redis.health()).toMatchObject({ connected: false, message: 'OOM command not allowed' });
      server.recover();
      expect(await load(a)).toBe('load 2');
    });

    it('breaks a connection under commands, does not leave them waiting', async () => {
      server.hang();
      const reading = a.redis.get('k');
      server.refuse();
      expect(await reading).toEqual({ ok: false, reason: 'connection-lost' });
    });

    it('had a fault before a cache connects, has it for that one too', async () => {
      server.refuse();
      server.loseChannel();
      const late = open();
      expect(late.redis.isAvailable).toBe(false);
      expect(late.redis.changes.isFresh(0)).toBe(false);
      server.recover();
      expect(late.redis.isAvailable && late.redis.changes.isFresh(0)).toBe(true);
    });
  });

  describe('when the channel of one', () => {
    it('is lost, ask the server each time', async () => {
      await load(a);
      await load(a);
      a.redis.loseChannel();
      await load(a);
      await b.cache.invalidate({ key: KEY });
      expect(await load(a)).toBe('load 2');
      expect(tiers(a)).toEqual(['redis', 'redis']);
      a.redis.recover();
      await load(a);
      await load(a);
      expect(tiers(a).slice(-2)).toEqual(['redis', 'memory']);
    });

    it('is lost and nobody knows, serve what is old for 500 ms at most', async () => {
      await load(a);
      await load(a);
      a.redis.loseChannel({ unnoticed: true });
      await b.cache.invalidate({ key: KEY });
      await clock.advance(499);
      expect(await load(a)).toBe('load 1');
      await clock.advance(1);
      expect(await load(a)).toBe('load 2');
      a.redis.recover();
      expect(await load(a)).toBe('load 2');
    });

    it('hangs, hear later what they missed', async () => {
      await load(a);
      await load(a);
      a.redis.hang();
      await b.cache.invalidate({ key: KEY });
      expect(await load(a)).toBe('load 1');
      a.redis.recover();
      expect(await load(a)).toBe('load 2');
    });

    it('fails, leave the other alone', async () => {
      a.redis.refuse();
      expect([a.redis.isAvailable, b.redis.isAvailable]).toEqual([false, true]);
      server.recover();
      expect(a.redis.isAvailable).toBe(true);
    });
  });

  it('run in the time of the machine unless they are given a clock', async () => {
    const real = createTestCache();
    expect(await load(real)).toBe('load 1');
    expect(await load(real)).toBe('load 1');
    expect(real.server.clock.now()).toBeGreaterThan(1_700_000_000_000);
    await real.close();
  });
});
