import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { LeaseRequest } from '../../../src/core/ports/entry-store.js';
import { Monitor } from '../../race/monitor.js';
import { leaseRequest } from '../../support/lease-request.js';
import { type OpenedRedis, openRedis } from '../../support/redis-kit.js';
import { RedisServer } from '../../support/redis-server.js';

const HOUR_MS = 3_600_000;
const keyOf = (index: number): string => `app:${index}`;
const tokenOf = (index: number): string => `token-${index}`.padEnd(22, '_');
const request = (index: number, changes: Partial<LeaseRequest> = {}): LeaseRequest =>
  leaseRequest({ key: keyOf(index), token: tokenOf(index), ...changes });
const write = (index: number, bytes = 20) => {
  return { key: keyOf(index), token: tokenOf(index), value: Buffer.alloc(bytes, `${index} `), ttlMs: HOUR_MS + index };
};
const several = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, at) => make(at));

describe('entries and leases of many keys at once', () => {
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

  const scriptsDuring = async (work: () => Promise<unknown>): Promise<number> => {
    const monitor = await Monitor.start(server);
    await work();
    return (await monitor.stop()).filter((command) => /"eval"/i.test(command)).length;
  };

  it('are leased in few commands, those of different callers in one turn together, each with its own answer', async () => {
    const { entries } = opened.store;
    await entries.lease([request(1, { token: 'theirs'.padEnd(22, '_') })]);
    await server.command('SET', keyOf(2), 'something else than was seen');
    let answers: unknown[] = [];
    const commands = await scriptsDuring(async () => {
      answers = await Promise.all(several(250, (index) => entries.lease([request(index)])));
    });
    expect(commands).toBe(3);
    expect(answers.slice(0, 4)).toEqual(
      ['held', 'taken', 'changed', 'held'].map((state) => ({ ok: true, value: [state] })),
    );
    expect(await entries.lease(several(250, (index) => request(index)))).toEqual({
      ok: true,
      value: several(250, (index) => ['held', 'taken', 'changed'][index] ?? 'held'),
    });
  });

  it('are published, extended and released in few commands, where the lease is held', async () => {
    const { entries } = opened.store;
    await entries.lease(several(99, (index) => request(index)));
    const commands = await scriptsDuring(async () => {
      expect(await entries.publish(several(100, (index) => write(index)))).toEqual({
        ok: true,
        value: several(100, (index) => (index < 99 ? 'stored' : 'lost')),
      });
    });
    expect(commands).toBe(1);
    expect(await server.command('GET', keyOf(7))).toBe(write(7).value.toString());
    await entries.lease(several(50, (index) => request(200 + index)));
    expect(await scriptsDuring(() => entries.extendLeases(several(50, (index) => request(200 + index))))).toBe(1);
    expect(await scriptsDuring(() => entries.release(several(50, (index) => request(200 + index))))).toBe(1);
    expect(await server.command('EXISTS', ...several(50, (index) => keyOf(200 + index)))).toBe(0);
  });

  it('do not go together where they are large', async () => {
    const { entries } = opened.store;
    await entries.lease(several(8, (index) => request(index)));
    const large = several(8, (index) => write(index, 100_000));
    expect(await scriptsDuring(() => entries.publish(large))).toBe(4);
    expect(await server.command('STRLEN', keyOf(5))).toBe(100_000);
  });

  it('are read with the time that each has left, in few commands', async () => {
    const { entries } = opened.store;
    for (let index = 0; index < 600; index += 7) await server.command('SET', keyOf(index), 'v', 'PX', 100_000 + index);
    let reply: Awaited<ReturnType<typeof entries.read>> | undefined;
    const commands = await scriptsDuring(async () => {
      reply = await entries.read(several(600, keyOf), [], { withTtl: true });
    });
    expect(commands).toBe(2);
    const found = reply?.ok ? reply.value.entries : [];
    expect(found.map((entry) => entry !== null)).toEqual(several(600, (index) => index % 7 === 0));
    for (const [index, entry] of found.entries()) {
      if (entry) expect(Math.abs((entry.ttlLeftMs ?? 0) - 100_000 - index)).toBeLessThan(2_000);
    }
  });

  it('fail together where Redis refuses them, and are leased when it does not', async () => {
    const { entries } = opened.store;
    await server.command('CONFIG', 'SET', 'maxmemory', 1);
    const [one, other] = await Promise.all([entries.lease([request(1)]), entries.lease([request(2)])]);
    expect([one, other]).toEqual([
      { ok: false, reason: 'rejected' },
      { ok: false, reason: 'rejected' },
    ]);
    await server.command('CONFIG', 'SET', 'maxmemory', 0);
    expect(await entries.lease([request(1), request(2)])).toEqual({ ok: true, value: ['held', 'held'] });
  });
});
