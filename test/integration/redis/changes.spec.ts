import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster, Redis } from 'ioredis';
import { systemClock } from '../../../src/composition/system-clock.js';
import { type LeaseRequest } from '../../../src/core/ports/entry-store.js';
import { RedisStore } from '../../../src/tiers/redis/redis-store.js';
import { EventRecorder, openHandles, redisOptions, until } from '../../support/redis-kit.js';
import { RedisServer } from '../../support/redis-server.js';
import { openTracked, PREFIX, type TrackedRedis } from '../../support/tracked-redis.js';
import { unhandledDuring } from '../../support/unhandled-rejections.js';

const HOUR = 3_600_000;
const KEY = 'app:entry';
const TOKEN = 'token'.padEnd(22, '_');
const VALUE = Buffer.from('value');
const write = { key: KEY, value: VALUE, ttlMs: HOUR, token: TOKEN };
const lease: LeaseRequest = { key: KEY, token: TOKEN, stamp: '0'.repeat(16), seen: null, holdMs: HOUR, ttlMs: HOUR };

describe('what others change', () => {
  let server: RedisServer;
  let tracked: TrackedRedis;

  beforeAll(async () => {
    server = await RedisServer.start({ args: ['--hz', '50'] });
    tracked = await openTracked(server.url);
    await tracked.untilFresh();
  });
  beforeEach(async () => {
    await server.command('FLUSHALL');
    expect(await tracked.store.changes.settled()).toBe(true);
  });
  afterAll(async () => {
    await tracked.store.close();
    await server.stop();
  });

  it.each<[string, (string | number)[], string[]]>([
    ['SET', ['SET', 'app:a', 1], ['app:a']],
    ['SET with a time to live', ['SET', 'app:a', 1, 'PX', HOUR], ['app:a']],
    ['MSET', ['MSET', 'app:a', 1, 'app:b', 1], ['app:a', 'app:b']],
    ['DEL', ['DEL', 'app:there'], ['app:there']],
    ['UNLINK', ['UNLINK', 'app:there'], ['app:there']],
    ['PEXPIRE', ['PEXPIRE', 'app:there', HOUR], ['app:there']],
    ['PERSIST', ['GETEX', 'app:there', 'PX', HOUR], ['app:there']],
    ['RENAME', ['RENAME', 'app:there', 'app:new'], ['app:there', 'app:new']],
    ['COPY', ['COPY', 'app:there', 'app:new'], ['app:new']],
    ['APPEND', ['APPEND', 'app:there', 1], ['app:there']],
    ['HSET', ['HSET', 'app:h', 'f', 1], ['app:h']],
    ['a script', ['EVAL', "redis.call('SET', KEYS[1], 1)", 1, 'app:a'], ['app:a']],
    ['MOVE', ['MOVE', 'app:there', 1], ['app:there']],
    ['SET of a key with other characters', ['SET', 'app:ä{😀}', 1], ['app:ä{😀}']],
  ])('is told: %s', async (_what, command, keys) => {
    await server.command('SET', 'app:there', 1);
    await tracked.store.changes.settled();
    tracked.told.forget();
    await server.command(...command);
    expect(await tracked.store.changes.settled()).toBe(true);
    expect(new Set(tracked.told.all)).toEqual(new Set(keys));
  });

  it.each(['FLUSHALL', 'FLUSHDB', 'FLUSHALL ASYNC'])('is told as everything: %s', async (command) => {
    await server.command('SET', 'app:there', 1);
    tracked.told.forget();
    await server.command(...command.split(' '));
    await until(() => tracked.told.countOf(null) > 0);
    expect(tracked.isFresh()).toBe(true);
  });

  it('is told when keys expire, though nobody asks for them', async () => {
    await server.command('SET', 'app:brief', 1, 'PX', 50);
    await tracked.store.changes.settled();
    tracked.told.forget();
    await until(() => tracked.told.countOf('app:brief') === 1);
  });

  it('is told when keys are evicted', async () => {
    const used = Number(/used_memory:(\d+)/.exec(String(await server.command('INFO', 'memory')))?.[1]);
    for (let key = 0; key < 50; key++) await server.command('SET', `app:large:${key}`, 'x'.repeat(20_000));
    await tracked.store.changes.settled();
    tracked.told.forget();
    await server.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
    await server.command('CONFIG', 'SET', 'maxmemory', used + 400_000);
    await until(() => tracked.told.all.filter((key) => key?.startsWith('app:large:')).length > 10);
    await server.command('CONFIG', 'SET', 'maxmemory', 0);
  });

  it('is not told of other prefixes, nor of what processes test the channel with', async () => {
    const other = await openTracked(server.url);
    await other.untilFresh();
    tracked.told.forget();
    await server.command('MSET', 'app', 1, 'apple:a', 1, 'other:a', 1);
    await sleep(250);
    await tracked.store.changes.settled();
    expect(tracked.told.all).toEqual([]);
    await other.store.close();
  });

  it('has all been told when it is settled, however much it is', async () => {
    const keys = Array.from({ length: 5_000 }, (_, index) => `app:many:${index}`);
    await server.command('MSET', ...keys.flatMap((key) => [key, 1]));
    expect(await tracked.store.changes.settled()).toBe(true);
    const told = new Set(tracked.told.all);
    expect(keys.every((key) => told.has(key))).toBe(true);
  });

  it('asks once for all who ask in one turn', async () => {
    const canaries = async () => ((await server.command('KEYS', 'app:~c:*')) as string[]).length;
    const before = await canaries();
    const answers = await Promise.all(Array.from({ length: 500 }, () => tracked.store.changes.settled()));
    expect(new Set(answers)).toEqual(new Set([true]));
    expect((await canaries()) - before).toBeLessThan(10);
  });

  it('stays fresh while nobody does anything', async () => {
    const endMs = performance.now() + 1_500;
    while (performance.now() < endMs) {
      expect(tracked.isFresh()).toBe(true);
      await sleep(5);
    }
  });

  it('stays fresh while calls are shed: memory keeps load away from a store that has too much of it', async () => {
    const busy = await openTracked(server.url, { maxInFlight: 1, timeoutMs: 1_000 });
    await busy.untilFresh();
    const endMs = performance.now() + 1_500;
    while (performance.now() < endMs) {
      const calls = Array.from({ length: 20 }, () => busy.store.get('app:a'));
      await Promise.all(calls);
      expect(busy.isFresh()).toBe(true);
    }
    expect((await busy.store.health()).connections.shed).toBeGreaterThan(1_000);
    await busy.store.close();
  });

  it('leaves few keys behind to test the channel with, and those for seconds', async () => {
    await sleep(1_000);
    const keys = (await server.command('KEYS', `${PREFIX}:~c:*`)) as string[];
    expect(keys.length).toBeLessThan(60);
    for (const key of keys) expect(await server.command('PTTL', key)).toBeLessThanOrEqual(3_000);
  });

  it('is deleted by pattern without counting the keys that test the channel', async () => {
    await server.command('MSET', 'app:a', 1, 'app:b', 1);
    expect(await tracked.store.deleteMatching('app:*')).toEqual({ deleted: 2, complete: true });
  });

  it('is told to all who listen, whatever one of them throws, and to nobody who has stopped', async () => {
    const heard: string[] = [];
    const listener = { changed: (keys: readonly string[]) => void heard.push(...keys), lost: () => undefined };
    const broken = () => {
      throw new Error('of the listener');
    };
    const stops = [
      tracked.store.changes.listen({ changed: broken, lost: broken }),
      tracked.store.changes.listen(listener),
    ];
    await server.command('SET', 'app:a', 1);
    await until(() => heard.length > 0);
    expect(heard).toEqual(['app:a']);
    for (const stop of stops) stop();
    await server.command('SET', 'app:b', 1);
    await tracked.store.changes.settled();
    expect(heard).toEqual(['app:a']);
  });
});

describe('what this process changes', () => {
  let server: RedisServer;
  let tracked: TrackedRedis;

  beforeAll(async () => {
    server = await RedisServer.start();
    // Nothing but its own writes is told here.
    tracked = await openTracked(server.url, {}, null);
    expect(await tracked.store.ready(5_000)).toBe(true);
  });
  beforeEach(() => server.command('FLUSHALL'));
  afterAll(async () => {
    await tracked.store.close();
    await server.stop();
  });

  const entries = () => tracked.store.entries;

  it.each<[string, () => Promise<unknown>]>([
    ['set', () => tracked.store.set(write)],
    ['setIfAbsent', () => tracked.store.setIfAbsent(write)],
    ['setMany', () => tracked.store.setMany([write])],
    ['setManyOnce', () => tracked.store.setManyOnce([write])],
    ['extend', () => tracked.store.extend([KEY], HOUR)],
    ['delete', () => tracked.store.delete([KEY])],
    ['increment', () => tracked.store.increment(KEY, 1, HOUR)],
    ['ensureVersions', () => entries().ensureVersions([write])],
    ['lease', () => entries().lease([lease])],
    ['extendLeases', () => entries().extendLeases([lease])],
    ['publish', () => entries().publish([write])],
    ['release', () => entries().release([write])],
  ])('is told at once and again when it is settled: %s', async (_what, act) => {
    tracked.told.forget();
    const acting = act();
    expect(tracked.told.all).toEqual([KEY]);
    await acting;
    expect(tracked.told.all).toEqual([KEY, KEY]);
  });

  it('is told around each step of a deletion by pattern, and all is in doubt before it and after', async () => {
    await server.command('MSET', 'app:a', 1, 'app:b', 1);
    tracked.told.forget();
    await tracked.store.deleteMatching('app:*');
    const told = tracked.told.all;
    expect([told.at(0), told.at(-1)]).toEqual([null, null]);
    expect(told.slice(1, -1).sort()).toEqual(['app:a', 'app:a', 'app:b', 'app:b']);
  });

  it('is told twice though Redis does not answer', async () => {
    server.pause();
    tracked.told.forget();
    expect(await tracked.store.delete([KEY])).toMatchObject({ ok: false });
    server.resume();
    expect(tracked.told.all).toEqual([KEY, KEY]);
  });

  it('is not told when it only reads', async () => {
    tracked.told.forget();
    await tracked.store.get(KEY);
    await tracked.store.getMany([KEY]);
    await entries().read([KEY], [KEY], { withTtl: true });
    await tracked.store.health();
    expect(tracked.told.all).toEqual([]);
  });

  it('is all that is known where nobody asked for more: nothing is fresh, and no connection is opened for it', async () => {
    expect(tracked.isFresh()).toBe(false);
    expect(tracked.store.changes.isFresh(performance.now())).toBe(false);
    expect(await tracked.store.changes.settled()).toBe(false);
    expect(String(await server.command('CLIENT', 'LIST'))).not.toContain('subscribe');
  });
});

describe('a server that refuses to tell of changes', () => {
  let server: RedisServer;
  let tracked: TrackedRedis;

  beforeEach(async () => {
    server = await RedisServer.start();
  });
  afterEach(async () => {
    await tracked.store.close();
    await server.stop();
  });
  const user = (...rules: string[]) =>
    server.command('ACL', 'SETUSER', 'app', 'reset', 'on', '>secret', '~app:*', '+@all', ...rules);
  const open = (withoutTrackingMs: number | null = null, askAgainMs = 30_000) =>
    openTracked(server.url, { username: 'app', password: 'secret' }, { withoutTrackingMs, askAgainMs });
  const failures = () => tracked.events.of('tierFailed').filter(({ tier }) => tier === 'memory');

  it.each<[string, string[]]>([
    ['the command', ['-client|tracking', '&*']],
    ['the channel', ['resetchannels']],
  ])('says so once and what to do when it forbids %s, and nothing is served from memory', async (_what, rules) => {
    await user(...rules);
    tracked = await open(null, 20);
    await until(() => failures().length > 0);
    expect(failures()[0]?.reason).toMatch(/NOPERM.*the memory tier is off.*\+client\|tracking.*&__redis__:invalidate/);
    expect(failures()[0]?.reason).not.toContain('secret');
    await sleep(300);
    expect(tracked.events.tierChanges).toEqual(['tierFailed']);
    expect(tracked.store.changes.isFresh(performance.now())).toBe(false);
    expect(await tracked.store.changes.settled()).toBe(false);
    expect(await tracked.store.set(write)).toMatchObject({ ok: true });
  });

  it('is not asked again all the time', async () => {
    await user('-client|tracking', '&*');
    tracked = await open();
    await until(() => failures().length > 0);
    await sleep(500);
    const log = (await server.command('ACL', 'LOG')) as unknown[][];
    expect(log.map((entry) => entry[1])).toEqual([1]);
  });

  it('lets memory serve for a short time, if that is wanted', async () => {
    await user('-client|tracking', '&*');
    tracked = await open(200);
    expect(tracked.store.changes.isFresh(performance.now())).toBe(false);
    await until(() => failures().length > 0);
    expect(failures()[0]?.reason).toContain('for 200 ms');
    const readAtMs = performance.now();
    expect(tracked.store.changes.isFresh(readAtMs)).toBe(true);
    expect(tracked.store.changes.isFresh(readAtMs - 200)).toBe(false);
    await sleep(210);
    expect(tracked.store.changes.isFresh(readAtMs)).toBe(false);
  });

  it('is heard when it does not refuse any more, which is said once', async () => {
    await user('-client|tracking', '&*');
    tracked = await open(null, 20);
    await until(() => failures().length > 0);
    await user('allchannels');
    await tracked.untilFresh();
    expect(tracked.events.tierChanges).toEqual(['tierFailed', 'tierRecovered']);
    await server.command('SET', KEY, 1);
    await until(() => tracked.told.countOf(KEY) === 1);
  });

  it('is told from one that asks for another password', async () => {
    await server.command('CONFIG', 'SET', 'requirepass', 'other');
    tracked = await openTracked(server.url, { password: 'wrong' });
    await sleep(300);
    expect(failures()).toEqual([]);
    expect(tracked.store.changes.isFresh(performance.now())).toBe(false);
  });
});

describe('the end of hearing what others change', () => {
  it.each<[string, boolean]>([
    ['works', false],
    ['hangs', true],
  ])('comes within half a second and leaves nothing open, though Redis %s', async (_what, isHung) => {
    const server = await RedisServer.start();
    const before = openHandles();
    const tracked = await openTracked(server.url);
    await tracked.untilFresh();
    const reasons = await unhandledDuring(async () => {
      if (isHung) server.pause();
      const settled = tracked.store.changes.settled();
      const startMs = performance.now();
      await tracked.store.close();
      expect(performance.now() - startMs).toBeLessThan(500);
      if (isHung) expect(await settled).toBe(false);
      else await settled;
    });
    expect(reasons).toEqual([]);
    expect(tracked.isFresh()).toBe(false);
    expect(await tracked.store.changes.settled()).toBe(false);
    await until(() => openHandles() <= before, 200);
    server.resume();
    await server.stop();
  });

  it('comes at once while nothing is reached', async () => {
    const before = openHandles();
    const tracked = await openTracked('redis://127.0.0.1:1');
    await sleep(100);
    const startMs = performance.now();
    await tracked.store.close();
    expect(performance.now() - startMs).toBeLessThan(500);
    await until(() => openHandles() <= before, 200);
    expect(tracked.told.all).toEqual([]);
  });
});

describe('the channel of what others change', () => {
  it('is opened when Redis has answered, so that the first read does not come after it', async () => {
    const server = await RedisServer.start();
    const made: Redis[] = [];
    class Counted extends Redis {
      constructor(options: { readonly replyMapping: 'legacy' }) {
        super(options);
        made.push(this);
      }
    }
    const parts = { clock: systemClock, events: new EventRecorder(), prefix: PREFIX };
    const tracking = { withoutTrackingMs: null };
    const library = { Redis: Counted as unknown as typeof Redis, Cluster };
    const store = new RedisStore(library, redisOptions(server.url), { ...parts, tracking });
    expect(await store.ready(2_000)).toBe(true);
    expect(made).toHaveLength(1);
    await until(() => store.changes.isFresh(performance.now()));
    expect(made).toHaveLength(2);
    await store.close();
    await server.stop();
  });
});
