import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { fingerprintOf, type LeaseRequest } from '../../../src/core/ports/entry-store.js';
import { FaultProxy } from '../../support/fault-proxy.js';
import { leaseRequest, STAMP } from '../../support/lease-request.js';
import { type OpenedRedis, openRedis, until } from '../../support/redis-kit.js';
import { RedisServer } from '../../support/redis-server.js';

const HOUR = 3_600_000;
const KEY = 'app:entry';
const MINE = 'mine'.padEnd(22, '_');
const THEIRS = 'theirs'.padEnd(22, '_');
const entryNamed = (name: string): Buffer => Buffer.from(`${name}:${name.repeat(200)}`);
const OLD = entryNamed('old');
const NEW = entryNamed('new');

const request = (changes: Partial<LeaseRequest> = {}): LeaseRequest =>
  leaseRequest({ key: KEY, token: MINE, ...changes });
const write = (value: Buffer, token = MINE) => ({ key: KEY, token, value, ttlMs: HOUR });
const ok = <T>(value: T) => ({ ok: true, value });

describe('entries and leases on a Redis that others use too', () => {
  let server: RedisServer;
  let opened: OpenedRedis;

  beforeAll(async () => {
    server = await RedisServer.start();
    opened = await openRedis(server.url, { timeoutMs: 1_000 });
    expect(await opened.store.ready(5_000)).toBe(true);
  });
  beforeEach(() => server.command('FLUSHALL'));
  afterAll(async () => {
    await opened.store.close();
    await server.stop();
  });

  const lease = async (changes: Partial<LeaseRequest> = {}) => {
    const reply = await opened.store.entries.lease([request(changes)]);
    return reply.ok ? reply.value[0] : reply.reason;
  };
  const publish = async (value: Buffer, token = MINE) => {
    const reply = await opened.store.entries.publish([write(value, token)]);
    return reply.ok ? reply.value[0] : reply.reason;
  };
  const read = async () => {
    const reply = await opened.store.entries.read([KEY], [], { withTtl: true });
    if (!reply.ok) throw new Error(reply.reason);
    return reply.value.entries[0];
  };

  it('shows a lease as a line of text in front of the older entry', async () => {
    await server.command('SET', KEY, OLD);
    const before = Date.now();
    await lease({ seen: fingerprintOf(OLD), holdMs: 2_000 });
    const shown = String(await server.command('GET', KEY));
    expect(shown.slice(0, 50)).toBe(`ac1 lease ${MINE} ${STAMP} `);
    expect(Number(shown.slice(50, 63))).toBeGreaterThanOrEqual(before + 2_000);
    expect(Number(shown.slice(50, 63))).toBeLessThan(Date.now() + 2_100);
    expect(shown.slice(63)).toBe(`\n${OLD.toString()}`);
  });

  it.each<[string, (string | number | Buffer)[]]>([
    ['DEL', ['DEL', KEY]],
    ['UNLINK', ['UNLINK', KEY]],
    ['SET', ['SET', KEY, 'theirs']],
    ['SET KEEPTTL', ['SET', KEY, 'theirs', 'KEEPTTL']],
    ['APPEND in front of nothing else', ['SETRANGE', KEY, 0, 'x']],
    ['RENAME', ['RENAME', KEY, 'app:elsewhere']],
    ['PEXPIRE', ['PEXPIRE', KEY, 0]],
    ['FLUSHALL', ['FLUSHALL']],
    ['a list under the same key', ['EVAL', "redis.call('DEL', KEYS[1]) redis.call('RPUSH', KEYS[1], 'a')", 1, KEY]],
  ])('loses a lease to a foreign %s', async (_what, command) => {
    await lease();
    await server.command(...command);
    const shown = await server.command('DUMP', KEY);
    expect(await publish(NEW)).toBe('lost');
    expect(await opened.store.entries.release([{ key: KEY, token: MINE }])).toEqual(ok(true));
    expect(await opened.store.entries.extendLeases([request()])).toEqual(ok(true));
    expect(await server.command('DUMP', KEY)).toEqual(shown);
  });

  it('holds a lease in the place of a value of another type, which reads as nothing', async () => {
    await server.command('HSET', KEY, 'field', 'value');
    expect(await read()).toBeNull();
    expect(await lease()).toBe('held');
    expect(await publish(NEW)).toBe('stored');
    expect(await read()).toMatchObject({ bytes: NEW });
  });

  it('creates a version in the place of a value of another type', async () => {
    await server.command('HSET', 'app:~v:x', 'field', 'value');
    const reply = await opened.store.entries.ensureVersions([
      { key: 'app:~v:x', value: Buffer.from('v'), ttlMs: HOUR },
    ]);
    expect(reply).toEqual(ok(['v']));
    expect(await server.command('PTTL', 'app:~v:x')).toBeGreaterThan(HOUR - 10_000);
  });

  it('keeps a foreign value that never expires as it is', async () => {
    await server.command('SET', KEY, OLD);
    expect(await read()).toMatchObject({ bytes: OLD, ttlLeftMs: Number.MAX_SAFE_INTEGER });
    await lease({ seen: fingerprintOf(OLD) });
    expect(await server.command('PTTL', KEY)).toBe(-1);
    await opened.store.entries.release([{ key: KEY, token: MINE }]);
    expect(await server.command('GET', KEY)).toBe(OLD.toString());
    expect(await server.command('PTTL', KEY)).toBe(-1);
  });

  it('gives a lease up also where there is no memory to write the older entry again, which goes with it', async () => {
    await server.command('SET', KEY, OLD, 'PX', HOUR);
    expect(await lease({ seen: fingerprintOf(OLD) })).toBe('held');
    await server.command('CONFIG', 'SET', 'maxmemory', '1');
    expect(await publish(NEW)).toBe('rejected');
    const released = await opened.store.entries.release([{ key: KEY, token: MINE }]);
    await server.command('CONFIG', 'SET', 'maxmemory', '0');
    expect(released).toEqual(ok(true));
    expect(await read()).toBeNull();
  });

  it('says stored when its entry is there already, behind the lease of the next load', async () => {
    await lease();
    expect(await publish(NEW)).toBe('stored');
    await lease({ token: THEIRS, seen: fingerprintOf(NEW) });
    expect(await publish(NEW)).toBe('stored');
    expect(await read()).toMatchObject({ bytes: NEW, lease: THEIRS });
  });

  it('knows a lease that nobody keeps up by the clock of the server, whatever that of this machine shows', async () => {
    const [seconds] = (await server.command('TIME')) as string[];
    const line = (untilMs: number) => `ac1 lease ${THEIRS} ${STAMP} ${untilMs}\n`;
    await lease({ key: 'app:other' });
    await server.command('SET', KEY, line(Number(seconds) * 1_000 - 1_000));
    expect(await read()).toBeNull();
    await server.command('SET', KEY, line(Number(seconds) * 1_000 + 5_000));
    expect(await read()).toMatchObject({ bytes: null, lease: THEIRS });
  });

  it('sends one command to read any number of keys', async () => {
    const commands = async () =>
      Number(/total_commands_processed:(\d+)/.exec(String(await server.command('INFO')))?.[1]);
    const keys = Array.from({ length: 100 }, (_, index) => `app:${index}`);
    const before = await commands();
    await opened.store.entries.read(keys, ['app:~v:x'], { withTtl: false });
    // Besides, there may be the order check, and there is this question.
    expect((await commands()) - before).toBeLessThanOrEqual(3);
  });

  it('makes the connections anew, once a second at most, when an answer was foreign', async () => {
    const connections = async () =>
      Number(/total_connections_received:(\d+)/.exec(String(await server.command('INFO')))?.[1]);
    const other = await openRedis(server.url, { connections: 2 });
    await until(async () => (await other.store.health()).connections.open === 2);
    const before = await connections();
    const isBack = async () => (await other.store.health()).connections.open === 2;
    for (let time = 0; time < 3; time++) {
      other.store.entries.distrust();
      await until(isBack);
      await sleep(20);
    }
    // Two by the store, and each question is one.
    expect((await connections()) - before).toBe(3);
    await other.store.close();
  });
});

describe('commands on entries over connections that break', () => {
  let server: RedisServer;
  let proxy: FaultProxy;
  let opened: OpenedRedis;

  beforeEach(async () => {
    server = await RedisServer.start();
    proxy = await FaultProxy.start(server.port);
    opened = await openRedis(proxy.url, { timeoutMs: 500, connections: 2 });
    await until(async () => (await opened.store.health()).connections.open === 2);
    // Whatever the store has asked by itself is answered: the next reply is that to the test.
    await sleep(50);
  });
  afterEach(async () => {
    await opened.store.close();
    await proxy.stop();
    await server.stop();
  });
  const timesRun = async () =>
    Number(/cmdstat_eval:calls=(\d+)/.exec(String(await server.command('INFO', 'commandstats')))?.[1]);

  // The first try may arrive after an invalidation. Sent again, a lease or a version could come back then, and with it what
  // was loaded before.
  it.each<[string, () => Promise<unknown>]>([
    ['a lease', () => opened.store.entries.lease([request()])],
    ['a version', () => opened.store.entries.ensureVersions([write(Buffer.from('v'))])],
  ])('ask for %s once', async (_what, ask) => {
    proxy.cutNextReply(0);
    expect(await ask()).toEqual({ ok: false, reason: 'connection-lost' });
    expect(await timesRun()).toBe(1);
  });

  it.each<[string, () => Promise<unknown>, string | null]>([
    [
      'keep a lease up',
      () => opened.store.entries.extendLeases([request()]),
      expect.stringContaining('lease') as never,
    ],
    ['publish', () => opened.store.entries.publish([write(NEW)]), NEW.toString()],
    ['release a lease', () => opened.store.entries.release([request()]), null],
  ])('%s again, which does no more', async (_what, act, left) => {
    await opened.store.entries.lease([request()]);
    proxy.cutNextReply(0);
    expect(await act()).toMatchObject({ ok: true });
    expect(await timesRun()).toBe(3);
    expect(await server.command('GET', KEY)).toEqual(left);
  });

  it('publish nothing that was deleted before they arrive', async () => {
    const { entries } = opened.store;
    await entries.lease([request()]);
    const arrive = proxy.strand(/ac1 lease/);
    expect(await entries.publish([write(NEW)])).toMatchObject({ ok: false });
    await server.command('DEL', KEY);
    const before = await timesRun();
    arrive();
    await until(async () => (await timesRun()) > before);
    expect(await server.command('EXISTS', KEY)).toBe(0);
  });
});
