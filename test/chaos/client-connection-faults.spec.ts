import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { type OpenedRedis, openRedis, timed, until } from '../support/redis-kit.js';
import { FaultProxy } from '../support/fault-proxy.js';
import { RedisServer } from '../support/redis-server.js';

const DEADLINE_MS = 100 + 60;

describe('a client whose connection breaks', () => {
  let server: RedisServer;
  let proxy: FaultProxy;
  let opened: OpenedRedis;

  beforeEach(async () => {
    server = await RedisServer.start();
    proxy = await FaultProxy.start(server.port);
    opened = await openRedis(proxy.url);
    expect(await opened.store.ready(2_000)).toBe(true);
    // The first command has the connection checked; the faults below shall meet the commands that the tests send.
    await opened.client.set('k', 'v');
    await opened.client.set('other', 'w');
  });
  afterEach(async () => {
    await opened.client.close();
    await proxy.stop();
    await server.stop();
  });

  const isServed = () => opened.client.get('k').then((value) => value === 'v');

  it.each([
    ['a reset', () => proxy.resetAll()],
    ['a reply that is cut', () => proxy.cutNextReply(3)],
    ['garbage in place of a reply', () => proxy.replaceNextReply('hello, world\r\n')],
  ])('tries a read again after %s, within the deadline', async (_what, breakIt) => {
    // Long, so that a busy machine has time to connect anew.
    const patient = await openRedis(proxy.url, { timeoutMs: 1_000 });
    expect(await patient.store.ready(2_000)).toBe(true);
    await patient.client.get('k');
    const read = timed(() => patient.client.get('k'));
    breakIt();
    const { value, ms } = await read;
    expect(value).toBe('v');
    expect(ms).toBeLessThan(1_000);
    await patient.client.close();
  });

  it('would be caught failing without trying again', async () => {
    const hasty = await openRedis(proxy.url, {}, { retries: 0 });
    expect(await hasty.store.ready(2_000)).toBe(true);
    await hasty.client.get('k');
    const read = hasty.client.get('k');
    proxy.resetAll();
    expect(await read).toBeNull();
    expect(hasty.events.of('error')).toMatchObject([{ reason: 'connection-lost' }]);
    await hasty.client.close();
  });

  it.each([
    ['an increment', () => opened.client.increment('n'), null],
    ['a write of what is absent', () => opened.client.setIfAbsent('new', 'v'), false],
  ])('does not repeat %s that may have been carried out', async (_what, call, nothing) => {
    const answer = call();
    proxy.resetAll();
    expect(await answer).toBe(nothing);
    expect(opened.events.of('error')).toMatchObject([{ reason: 'connection-lost' }]);
  });

  it.each([
    ['a half-open connection', () => proxy.halfOpen()],
    ['a reply that is cut and then silence', () => proxy.cutNextReplyAndHang(3)],
    ['a mute network', () => proxy.mute()],
  ])('waits no longer than the deadline with %s, and is served again', async (_what, breakIt) => {
    breakIt();
    const { value, ms } = await timed(() => opened.client.get('k'));
    expect(value).toBeNull();
    expect(ms).toBeLessThan(DEADLINE_MS);
    setTimeout(() => void proxy.heal(), 300);
    await until(isServed, 5_000);
  });

  it('throws away a connection that swallows all answers', async () => {
    proxy.replaceNextReply('$999999999\r\n');
    await Promise.all(Array.from({ length: 10 }, () => opened.client.get('k')));
    await until(isServed, 5_000);
    expect(opened.events.tierChanges).toEqual(['tierFailed', 'tierRecovered']);
  });

  it('survives a slow link and uses it again when it is fast', async () => {
    proxy.delay(300);
    const { value, ms } = await timed(() => opened.client.get('k'));
    expect(value).toBeNull();
    expect(ms).toBeLessThan(DEADLINE_MS);
    await proxy.heal();
    await until(isServed, 2_000);
  });

  it('connects over a link that is slower than the deadline', async () => {
    proxy.delay(300);
    const patient = await openRedis(proxy.url, { timeoutMs: 900 });
    expect(await patient.store.ready(3_000)).toBe(true);
    expect(await patient.client.get('k')).toBe('v');
    await patient.client.close();
  });

  describe.each([
    ['a read', /\r\nget\r\n/i],
    ['the check of the order of replies', /\r\necho\r\n/i],
  ])('as soon as %s comes over it', (_what, command) => {
    /** Calls for `forMs` milliseconds and tells what each took. */
    const callFor = async (forMs: number) => {
      const times: number[] = [];
      const end = performance.now() + forMs;
      while (performance.now() < end) {
        times.push((await timed(() => opened.client.get('k'))).ms);
        await sleep(2);
      }
      return times;
    };

    it('connects seldom, says it once or twice, costs most calls nothing, and is served again', async () => {
      proxy.closeOn(command);
      proxy.resetAll();
      const accepted = proxy.accepted;
      await callFor(1_000);
      const times = await callFor(2_000);
      expect(proxy.accepted - accepted).toBeLessThan(25);
      expect(opened.events.tierChanges.length).toBeLessThanOrEqual(3);
      expect(times.filter((ms) => ms > 20).length).toBeLessThan(times.length / 20);
      expect(Math.max(...times)).toBeLessThan(DEADLINE_MS);
      await proxy.heal();
      await until(isServed, 3_000);
    });
  });

  it('asks whether Redis is there with a new connection when the breaker was open, at once', async () => {
    proxy.mute();
    await opened.client.get('k');
    expect((await opened.store.health()).breaker).toBe('open');
    await proxy.heal();
    const { ms } = await timed(() => until(isServed));
    expect(ms).toBeLessThan(300);
  });

  describe('and answers no longer belong to their commands', () => {
    const stray = '$5\r\nstray\r\n';
    /** While the reply to the next command is on its way. */
    const strayUnderACommand = () => void setTimeout(() => proxy.inject(stray), 5);

    it('throws away a connection on which a reply comes unasked', async () => {
      const accepted = proxy.accepted;
      proxy.inject(stray);
      await until(() => proxy.accepted > accepted);
      await until(isServed);
    });

    it.each([
      ['a stray reply', () => strayUnderACommand()],
      ['a reply that comes twice', () => proxy.doubleNextReply()],
      ['a reply that is lost', () => proxy.loseNextReply()],
    ])('is right again soon after %s, though it never pauses', async (_what, breakIt) => {
      proxy.delay(20);
      breakIt();
      expect(await lastWrongAnswerMs(opened, 900)).toBeLessThan(600);
    });

    it('would be caught giving wrong answers for ever without the check', async () => {
      const trusting = await openRedis(proxy.url);
      expect(await trusting.store.ready(2_000)).toBe(true);
      withoutOrderCheck(trusting);
      proxy.delay(20);
      strayUnderACommand();
      expect(await lastWrongAnswerMs(trusting, 900)).toBeGreaterThan(600);
      await trusting.client.close();
    });

    it('notices an answer of the wrong kind at once', async () => {
      proxy.insertBeforeNextReply(':1\r\n');
      expect(await opened.client.get('k')).toBe('v');
      await until(isServed);
    });
  });
});

/** Reads two keys in turn, without a pause, and tells when the last wrong answer came. */
async function lastWrongAnswerMs({ client }: OpenedRedis, forMs: number): Promise<number> {
  const start = performance.now();
  let lastAtMs = 0;
  while (performance.now() - start < forMs) {
    const answers = [await client.get('k'), await client.get('other')];
    const isWrong = answers.some((answer, index) => answer !== null && answer !== ['v', 'w'][index]);
    if (isWrong) lastAtMs = performance.now() - start;
  }
  return lastAtMs;
}

/** Lets the check that notices shifted answers do nothing. */
function withoutOrderCheck({ store }: OpenedRedis): void {
  interface Inside {
    redis: { connections: { supervisors: { connection: { order: unknown } }[] } };
  }
  for (const { connection } of (store as unknown as Inside).redis.connections.supervisors) {
    connection.order = { beforeCommand: () => {}, stop: () => {} };
  }
}
