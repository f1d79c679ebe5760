import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { FakeRedisServer } from '../support/fake-redis-server.js';
import { FaultProxy } from '../support/fault-proxy.js';
import { timed, until } from '../support/redis-kit.js';
import { RedisServer } from '../support/redis-server.js';
import { openTracked, type TrackedRedis, whileHolds } from '../support/tracked-redis.js';

const LEASE_MS = 500;
/** What a turn of the event loop may add on a busy machine. */
const SLACK_MS = 40;

describe('hearing what others change, while connections break', () => {
  let server: RedisServer;
  let proxy: FaultProxy;
  let tracked: TrackedRedis;

  beforeEach(async () => {
    server = await RedisServer.start();
    proxy = await FaultProxy.start(server.port);
    tracked = await openTracked(proxy.url);
    await tracked.untilFresh();
    tracked.told.forget();
  });
  afterEach(async () => {
    server.resume();
    await tracked.store.close();
    await proxy.stop();
    await server.stop();
  });

  const set = (key: string) => server.command('SET', key, 1);
  const hears = async (key: string) => {
    await set(key);
    await until(() => tracked.told.countOf(key) > 0);
  };

  it('ends at once with its connection, begins with the next one, and both times anything may have changed', async () => {
    await server.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await until(() => !tracked.isFresh(), LEASE_MS);
    expect(tracked.told.countOf(null)).toBe(1);
    expect(await tracked.store.changes.settled()).toBe(false);
    await tracked.untilFresh();
    expect(tracked.told.all.filter((key) => key === null)).toHaveLength(2);
    await hears('app:a');
    expect(tracked.events.tierChanges).toEqual([]);
  });

  it('goes on, and hears, after any number of connections', async () => {
    for (let time = 0; time < 5; time++) {
      await server.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
      await until(() => !tracked.isFresh(), LEASE_MS);
      await tracked.untilFresh();
      await hears(`app:${time}`);
    }
  });

  it('is not fresh when anything may have changed, neither at the end of a connection nor at the beginning of the next', async () => {
    const seen: boolean[] = [];
    const stop = tracked.store.changes.listen({
      changed: () => undefined,
      lost: () => void seen.push(tracked.isFresh()),
    });
    await server.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await until(() => seen.length === 2);
    await tracked.untilFresh();
    expect(seen).toEqual([false, false]);
    stop();
  });

  it('begins anew when Redis was restarted', async () => {
    await server.restart();
    await tracked.untilFresh();
    expect(tracked.told.countOf(null)).toBeGreaterThanOrEqual(2);
    await hears('app:a');
  });

  it('is not fresh for longer than the lease when Redis hangs, and misses nothing when it goes on', async () => {
    server.pause();
    expect(await whileHolds(tracked.isFresh, 3_000)).toBeLessThan(LEASE_MS + SLACK_MS);
    expect(await tracked.store.changes.settled()).toBe(false);
    server.resume();
    await tracked.untilFresh();
    await hears('app:a');
  });

  it('is not fresh for longer than the lease when it alone stalls, which no answer of Redis shows', async () => {
    proxy.stall(/TRACKING/i);
    const pings = setInterval(() => void tracked.store.get('app:a'), 10);
    expect(await whileHolds(tracked.isFresh, 3_000)).toBeLessThan(LEASE_MS + SLACK_MS);
    clearInterval(pings);
    expect(await tracked.store.get('app:a')).toMatchObject({ ok: true });
    expect(tracked.store.isAvailable).toBe(true);
  });

  it('hears what was held back before it is fresh again', async () => {
    proxy.stall(/TRACKING/i);
    await set('app:held-back');
    await until(() => !tracked.isFresh());
    expect(tracked.told.countOf('app:held-back')).toBe(0);
    await proxy.heal();
    await tracked.untilFresh();
    expect(tracked.told.countOf('app:held-back')).toBe(1);
    expect(tracked.told.countOf(null)).toBe(0);
  });

  it('takes a new connection when the present one tells of nothing for a second', async () => {
    const before = proxy.accepted;
    proxy.stall(/TRACKING/i);
    await until(() => tracked.told.countOf(null) === 1, 3_000);
    await proxy.heal();
    await tracked.untilFresh();
    expect(proxy.accepted).toBe(before + 1);
    await hears('app:a');
  });

  it('counts the lease from when a test was sent, not from when it came back', async () => {
    // Every echo comes, and each of them too late to prove anything.
    proxy.lag(LEASE_MS + 50, /TRACKING/i);
    await until(() => !tracked.isFresh());
    expect(await whileHolds(() => !tracked.isFresh(), 800)).toBeGreaterThanOrEqual(800);
    await set('app:late');
    await until(() => tracked.told.countOf('app:late') === 1);
  });

  it('is not fresh on another server than the one that is read and written', async () => {
    const other = await RedisServer.start();
    proxy.retarget(other.port);
    await server.command('CLIENT', 'KILL', 'TYPE', 'normal');
    await until(async () => {
      await tracked.store.set({ key: 'app:there', value: Buffer.from('v'), ttlMs: 60_000 });
      return (await other.command('EXISTS', 'app:there')) === 1;
    });
    // The connection to the old server lives and answers.
    expect(await whileHolds(tracked.isFresh, 3_000)).toBeLessThan(LEASE_MS + SLACK_MS);
    await tracked.untilFresh();
    await other.command('SET', 'app:a', 1);
    await until(() => tracked.told.countOf('app:a') === 1);
    await other.stop();
  });

  it('is not fresh after the event loop stood still for longer than the lease, and is again at once', async () => {
    const endMs = performance.now() + LEASE_MS + 100;
    while (performance.now() < endMs);
    expect(tracked.isFresh()).toBe(false);
    const { ms } = await timed(() => tracked.untilFresh());
    expect(ms).toBeLessThan(100);
    expect(tracked.told.countOf(null)).toBe(0);
  });

  it('costs the callers nothing: a lost channel leaves reads and writes alone', async () => {
    proxy.closeOn(/subscribe/i);
    await server.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
    for (let call = 0; call < 20; call++) {
      expect(await tracked.store.get('app:a')).toMatchObject({ ok: true });
      await sleep(10);
    }
    expect(tracked.isFresh()).toBe(false);
    await proxy.heal();
    await tracked.untilFresh();
  });
});

describe('a server that accepts tracking and tells of nothing', () => {
  it('is found out after some connections, said once, and not asked again all the time', async () => {
    const subscribed = '*3\r\n$9\r\nsubscribe\r\n$20\r\n__redis__:invalidate\r\n:1\r\n';
    const server = await FakeRedisServer.start(([name]) => (name === 'SUBSCRIBE' ? subscribed : undefined));
    const subscriptions = () => server.commands.filter(([name]) => name?.toUpperCase() === 'SUBSCRIBE').length;
    const tracked = await openTracked(server.url);
    await until(() => tracked.events.of('tierFailed').length > 0, 10_000);
    expect(subscriptions()).toBe(3);
    expect(tracked.events.of('tierFailed')[0]).toMatchObject({
      tier: 'memory',
      reason: expect.stringContaining('tells of nothing'),
    });
    expect(tracked.isFresh()).toBe(false);
    await sleep(500);
    expect(subscriptions()).toBe(3);
    expect(tracked.events.tierChanges).toEqual(['tierFailed']);
    await tracked.store.close();
    await server.stop();
  });
});
