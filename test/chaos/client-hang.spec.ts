import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { type OpenedRedis, openHandles, openRedis, timed, until } from '../support/redis-kit.js';
import { RedisServer } from '../support/redis-server.js';

const TIMEOUT_MS = 100;
/** What a busy machine may add to a deadline. */
const SLACK_MS = 60;

describe('a client whose Redis hangs', () => {
  let server: RedisServer;
  let opened: OpenedRedis;

  beforeEach(async () => {
    server = await RedisServer.start();
    opened = await openRedis(server.url, { timeoutMs: TIMEOUT_MS });
    expect(await opened.store.ready(2_000)).toBe(true);
    await opened.client.set('k', 'v');
  });
  afterEach(async () => {
    server.resume();
    await opened.client.close();
    await server.stop();
  });

  /** Longest call among `calls` reads, one after another. */
  const slowest = async (calls: number) => {
    let longestMs = 0;
    for (let call = 0; call < calls; call++) {
      longestMs = Math.max(longestMs, (await timed(() => opened.client.get('k'))).ms);
    }
    return longestMs;
  };

  it('waits no longer than the deadline, with any call', async () => {
    server.pause();
    const { client } = opened;
    const calls = [
      () => client.get('k'),
      () => client.getMany(['a', 'b']),
      () => client.set('k', 'v'),
      () => client.setMany([['a', '1']]),
      () => client.setIfAbsent('k', 'v'),
      () => client.deleteMany(['a']),
      () => client.increment('n'),
      () => client.invalidatePattern('*'),
      () => client.healthCheck(),
    ];
    const times = await Promise.all(calls.map((call) => timed<unknown>(call)));
    for (const { ms } of times) expect(ms).toBeLessThan(TIMEOUT_MS + SLACK_MS);
  });

  it('costs one deadline in all, however many calls come one after another', async () => {
    server.pause();
    const { ms } = await timed(async () => {
      for (let call = 0; call < 50; call++) expect(await opened.client.get('k')).toBeNull();
    });
    expect(ms).toBeGreaterThanOrEqual(TIMEOUT_MS);
    expect(ms).toBeLessThan(2 * TIMEOUT_MS);
  });

  it('costs no second deadline for a call that comes just before the first is over', async () => {
    server.pause();
    const first = opened.client.get('k');
    await sleep(TIMEOUT_MS - 20);
    const { ms } = await timed(() => opened.client.get('k'));
    expect(ms).toBeLessThan(TIMEOUT_MS - 20);
    expect(await first).toBeNull();
  });

  it('costs about nothing after one call', async () => {
    server.pause();
    await opened.client.get('k');
    const { ms } = await timed(() => slowest(200));
    expect(ms).toBeLessThan(TIMEOUT_MS);
    expect(opened.events.of('miss').at(-1)).toMatchObject({ reason: 'breaker-open' });
    expect(opened.store.isAvailable).toBe(false);
    expect(await opened.client.healthCheck()).toMatchObject({ connected: false, breaker: 'open' });
  });

  it.each([400, 2_500])('is served again at once when Redis goes on after %i ms', async (pauseMs) => {
    server.pause();
    const end = performance.now() + pauseMs;
    while (performance.now() < end) {
      await Promise.all(Array.from({ length: 10 }, () => opened.client.get('k')));
      await sleep(5);
    }
    server.resume();
    const { ms } = await timed(() => until(async () => (await opened.client.get('k')) === 'v'));
    expect(ms).toBeLessThan(150);
    expect(opened.events.tierChanges).toEqual(['tierFailed', 'tierRecovered']);
  });

  it('recovers though nobody asks', async () => {
    let recoveredCount = 0;
    opened.store.onRecovered(() => recoveredCount++);
    server.pause();
    await Promise.all(Array.from({ length: 10 }, () => opened.client.get('k')));
    await sleep(300);
    server.resume();
    await until(() => recoveredCount === 1, 1_000);
    expect(opened.events.tierChanges).toEqual(['tierFailed', 'tierRecovered']);
  });

  it('closes within half a second and answers those who wait', async () => {
    server.pause();
    const waiting = Promise.all(Array.from({ length: 5 }, () => opened.client.get('k')));
    const { ms } = await timed(() => opened.client.close());
    expect(ms).toBeLessThan(500);
    expect(await waiting).toEqual([null, null, null, null, null]);
  });

  it('leaves nothing open once it is closed', async () => {
    const before = openHandles();
    const other = await openRedis(server.url, { connections: 2 });
    expect(await other.store.ready(2_000)).toBe(true);
    await other.client.set('k', 'v');
    server.pause();
    await other.client.get('k');
    await other.client.close();
    await until(() => openHandles() <= before, 100);
  });

  it('takes no blocked event loop for a hanging Redis', async () => {
    const reads = Array.from({ length: 20 }, () => opened.client.get('k'));
    const end = performance.now() + 300;
    while (performance.now() < end);
    expect(await Promise.all(reads)).toEqual(reads.map(() => 'v'));
    expect(opened.events.of('error')).toEqual([]);
  });

  it('would be caught waiting without the deadline', async () => {
    const patient = await openRedis(server.url, { timeoutMs: 60_000 });
    expect(await patient.store.ready(2_000)).toBe(true);
    server.pause();
    const { ms } = await timed(() => Promise.race([patient.client.get('k'), sleep(2 * (TIMEOUT_MS + SLACK_MS))]));
    expect(ms).toBeGreaterThan(TIMEOUT_MS + SLACK_MS);
    await patient.client.close();
  });
});
