import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { Breaker } from '../../../src/core/resilience/breaker.js';
import { SlowReads } from '../../../src/tiers/redis/entries/slow-reads.js';
import { type Callers, callersOf } from '../../support/callers.js';
import { FaultProxy } from '../../support/fault-proxy.js';
import { recordFault } from '../../support/fault-report.js';
import { type Fault, NOTHING_BOUND_MS, TIMEOUT_BOUND_MS, tryOut, warmUp } from '../../support/fault-trial.js';
import { until } from '../../support/redis-kit.js';
import { RedisServer } from '../../support/redis-server.js';

const LOST_AND_FOUND = {
  class: 'connections',
  boundMs: TIMEOUT_BOUND_MS,
  tierChanges: ['tierFailed redis', 'tierRecovered redis'],
} satisfies Partial<Fault>;

/** What was lost after Redis was silent for the timeout. */
const SILENT = {
  ...LOST_AND_FOUND,
  caller: "the loader's answer; once later by the timeout",
  waits: 1,
  acknowledges: false,
  logged: ['warn redis is unavailable (timeout): ', 'log redis is available again after '],
  reasons: ['timeout', 'breaker-open', 'disconnected', 'connection-lost'],
} satisfies Partial<Fault>;

/** What was lost with its connection. */
const BROKEN = {
  ...LOST_AND_FOUND,
  logged: ['warn redis is unavailable (', 'log redis is available again after '],
  reasons: ['disconnected', 'connection-lost', 'breaker-open', 'timeout'],
} satisfies Partial<Fault>;

/** How the answer to a read begins, of an entry that is not there and the versions of two groups. */
const READ = '*3\r\n_\r\n';

describe('a connection to Redis', () => {
  let server: RedisServer;
  let proxy: FaultProxy;
  const cleanUps: (() => unknown)[] = [];

  beforeAll(async () => {
    server = await RedisServer.start();
    await warmUp(server.url);
  });
  beforeEach(async () => {
    await server.command('FLUSHALL');
    proxy = await FaultProxy.start(server.port);
  });
  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0)) await cleanUp();
    await proxy.stop();
  });
  afterAll(() => server.stop());

  const holds = async (fault: Fault): Promise<void> => {
    const { row, findings } = await tryOut(fault);
    expect(findings).toEqual([]);
    recordFault(row);
  };

  const killed = (): Fault => {
    let traffic: Callers | null = null;
    cleanUps.push(() => traffic?.end());
    return {
      ...BROKEN,
      fault: 'the server is killed under traffic, and started again',
      caller: "the loader's answer; up to the timeout later where a command was under way",
      healBoundMs: 500,
      redisUrl: server.url,
      breakIt: async (watch) => {
        traffic = callersOf(watch!, { count: 20, pauseMs: 2 });
        await sleep(50);
        await server.kill();
      },
      heal: () => server.restart(),
      acknowledges: false,
    };
  };

  const halfOpen = (): Fault => ({
    ...SILENT,
    fault: 'no reply comes back, and no end (half-open)',
    healBoundMs: 500,
    redisUrl: proxy.url,
    breakIt: () => proxy.halfOpen(),
    heal: () => proxy.heal(),
  });

  const idleHalfOpen = (): Fault => ({
    ...LOST_AND_FOUND,
    fault: 'it became half-open while nobody called',
    caller: "the loader's answer, at once: it was found out before",
    boundMs: NOTHING_BOUND_MS,
    healBoundMs: 500,
    redisUrl: proxy.url,
    breakIt: async (watch) => {
      proxy.halfOpen();
      await until(() => watch!.app.tierChanges.length > 0, 1_500);
    },
    heal: () => proxy.heal(),
    acknowledges: false,
    logged: ['warn redis is unavailable (disconnected): ', 'log redis is available again after '],
    reasons: ['disconnected'],
  });

  const longLink = (): Fault => ({
    ...SILENT,
    fault: 'every reply takes 300 ms',
    healBoundMs: 1_000,
    redisUrl: proxy.url,
    breakIt: () => proxy.lag(300, /^/),
    heal: () => proxy.heal(),
    lastsMs: 500,
  });

  const cut = (): Fault => ({
    ...BROKEN,
    fault: 'a reply is cut, and the connection closed',
    caller: 'its entry, read again within the timeout',
    healBoundMs: 500,
    redisUrl: proxy.url,
    breakIt: () => proxy.cutNextReply(7, READ),
    lastsMs: 0,
  });

  const cutAndSilent = (): Fault => ({
    ...SILENT,
    fault: 'a reply is cut, and silence follows',
    healBoundMs: 500,
    redisUrl: proxy.url,
    breakIt: () => proxy.cutNextReplyAndHang(7, READ),
    heal: () => proxy.heal(),
  });

  it('that ends with a killed server: callers under way are served, and it is made anew', () => holds(killed()));

  it('that is half-open: costs the timeout once, and is made anew', () => holds(halfOpen()));

  it('that is half-open and idle: is found out without a call', () => holds(idleHalfOpen()));

  it('over a link of 300 ms: costs the timeout once, and is used when it is fast', () => holds(longLink()));

  it('on which a reply is cut: is made anew', () => holds(cut()));

  it('on which a reply is cut and silence follows: costs the timeout once, and is made anew', () =>
    holds(cutAndSilent()));

  it('would be caught costing more, if the timeout were longer', async () => {
    const { findings } = await tryOut(halfOpen(), { options: { redis: { timeout: '300ms' } } });
    expect(findings).toContainEqual(expect.stringMatching(/^late: 3\d\d ms of at most 160$/));
  });

  it('would be caught costing the timeout again and again, if calls after the first did not learn from it', async () => {
    const spies = [
      jest.spyOn(Breaker.prototype, 'failed').mockImplementation(() => undefined),
      // Keys whose read timed out are not read again so soon either.
      jest.spyOn(SlowReads.prototype, 'timedOut').mockImplementation(() => undefined),
    ];
    cleanUps.push(() => spies.forEach((spy) => spy.mockRestore()));
    const { findings } = await tryOut(halfOpen());
    expect(findings).toContainEqual(expect.stringMatching(/^late: \d+ calls waited: /));
  });

  it('would be caught filling the log, if every call that gets no answer wrote a line', async () => {
    const { findings } = await tryOut(halfOpen(), {
      app: ({ cache }) => void cache.on('error', () => new Logger('AgentCache').warn('redis is unavailable')),
    });
    expect(findings).toContainEqual(expect.stringMatching(/^logged: /));
  });
});
