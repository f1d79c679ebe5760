import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { Breaker } from '../../../src/core/resilience/breaker.js';
import { SlowReads } from '../../../src/tiers/redis/entries/slow-reads.js';
import { DeadlineQueue } from '../../../src/core/resilience/deadline-queue.js';
import { Guard } from '../../../src/core/resilience/guard.js';
import type { CacheModuleOptions } from '../../../src/nest/cache.module-definition.js';
import { CachedApp } from '../../support/cached-app.js';
import { recordFault } from '../../support/fault-report.js';
import { type Fault, TIMEOUT_BOUND_MS, tryOut, warmUp } from '../../support/fault-trial.js';
import { FaultWatch, SLACK_MS } from '../../support/fault-watch.js';
import { openHandles, until } from '../../support/redis-kit.js';
import { RedisServer } from '../../support/redis-server.js';
import { unhandledDuring } from '../../support/unhandled-rejections.js';

const BLOCKED_MS = 300;
const CLOSED_WITHIN_MS = 500;

describe('a Redis that hangs', () => {
  let server: RedisServer;
  const cleanUps: (() => unknown)[] = [];

  beforeAll(async () => {
    server = await RedisServer.start();
    await warmUp(server.url);
  });
  beforeEach(() => server.command('FLUSHALL'));
  afterEach(async () => {
    server.resume();
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  });
  afterAll(() => server.stop());

  const stopped = (): Fault => ({
    class: 'hanging',
    fault: 'the server is stopped (SIGSTOP) and goes on (SIGCONT)',
    caller: "what memory holds, for half a second; the loader's answer, once later by the timeout",
    boundMs: TIMEOUT_BOUND_MS,
    healBoundMs: 500,
    redisUrl: server.url,
    breakIt: () => server.pause(),
    heal: () => server.resume(),
    // Longer than connections live that say nothing.
    lastsMs: 600,
    waits: 1,
    acknowledges: false,
    tierChanges: ['tierFailed redis', 'tierRecovered redis'],
    logged: ['warn redis is unavailable (timeout): ', 'log redis is available again after '],
    reasons: ['timeout', 'breaker-open', 'disconnected', 'connection-lost'],
  });

  const started = async (options: CacheModuleOptions = {}): Promise<CachedApp> => {
    const app = await CachedApp.start({ ...options, redis: { url: server.url, ...options.redis } });
    cleanUps.push(() => app.close());
    await app.untilHits();
    return app;
  };

  it('costs the timeout once, and is used again as soon as it goes on', async () => {
    const { row, findings } = await tryOut(stopped());
    expect(findings).toEqual([]);
    recordFault(row);
  });

  it('leaves memory to serve for half a second at most, and nothing of what this process has invalidated', async () => {
    const app = await started();
    server.pause();
    const pausedAtMs = performance.now();
    expect((await app.viaMethod()).isHit).toBe(true);
    await app.cache.invalidate({ key: 'direct:a' });
    expect((await app.viaCache()).isHit).toBe(false);
    await until(async () => !(await app.viaMethod()).isHit);
    expect(performance.now() - pausedAtMs).toBeLessThan(500 + SLACK_MS);
  });

  /** What a call takes that comes when Redis may be asked again, and before the cache could do so. */
  const callWhenDue = async (): Promise<number> => {
    const app = await started();
    // Otherwise the versions that both calls need would not be read again so soon.
    const spy = jest.spyOn(SlowReads.prototype, 'timedOut').mockImplementation(() => undefined);
    cleanUps.push(() => spy.mockRestore());
    server.pause();
    await app.viaCache('first');
    expect(app.tierChanges).toEqual(['tierFailed redis']);
    // As long as the breaker is open: the timer that would have it asked is late.
    blockFor(520);
    return (await app.viaCache('second')).ms;
  };

  it('costs no caller a second timeout, though nobody could ask whether it is back', async () => {
    expect(await callWhenDue()).toBeLessThan(SLACK_MS);
  });

  it('would be caught costing it, if a caller were let through to find out', async () => {
    const { admit } = Breaker.prototype;
    const spy = jest.spyOn(Breaker.prototype, 'admit').mockImplementation(function (this: Breaker) {
      this.revived();
      return admit.call(this);
    });
    cleanUps.push(() => spy.mockRestore());
    expect(await callWhenDue()).toBeGreaterThan(SLACK_MS);
  });

  it('would be caught costing more, if the timeout were longer', async () => {
    const { findings } = await tryOut({ ...stopped(), lastsMs: 0 }, { options: { redis: { timeout: '300ms' } } });
    expect(findings).toContainEqual(expect.stringMatching(/^late: 3\d\d ms of at most 160$/));
  });

  it('would be caught filling the log, if every call that gets no answer wrote a line', async () => {
    const app = ({ cache }: CachedApp): void =>
      void cache.on('error', () => new Logger('AgentCache').warn('redis is unavailable'));
    const { findings } = await tryOut({ ...stopped(), lastsMs: 0 }, { app });
    expect(findings).toContainEqual(expect.stringMatching(/^logged: /));
  });

  describe('only as it seems, because the event loop of the app stood still', () => {
    const MOMENTS = [
      ['before its commands left', () => undefined],
      ['while their replies came', nextTurn],
    ] as const;

    /** What calls find whose process does nothing else for 300 ms. Nothing is in memory. */
    const block = async (moment: () => unknown): Promise<FaultWatch> => {
      const app = await started({ memory: { maxBytes: 0 } });
      const watch = new FaultWatch(app, BLOCKED_MS + SLACK_MS);
      const calls = [watch.ask('a', () => app.viaCache()), watch.ask('a', () => app.viaMethod())];
      // What is read is asked for when all have asked who do so in this turn; this is on its way at once.
      const told = app.cache.invalidate({ tag: 'others' });
      await moment();
      blockFor(BLOCKED_MS);
      for (const asked of await Promise.all(calls)) if (!asked?.isHit) watch.found('missed: it was loaded');
      if (!(await told).acknowledged) watch.found('missed: an invalidation was not acknowledged');
      watch.checkTierChanges([]);
      watch.checkLog([]);
      watch.checkReasons([]);
      return watch;
    };

    it.each(MOMENTS)('is no timeout %s', async (when, moment) => {
      const { findings, addedMs } = await block(moment);
      expect(findings).toEqual([]);
      recordFault({
        class: 'hanging',
        fault: `the event loop stands still for ${BLOCKED_MS} ms ${when}`,
        caller: 'a hit',
        boundMs: SLACK_MS,
        addedMs: Math.max(0, addedMs - BLOCKED_MS),
        healedMs: null,
        healBoundMs: null,
      });
    });

    interface Inside {
      beginTurn(): { atMs: number };
      endsAtMs(): number;
      expireAfterTurn(dueMs: number): void;
      expireUntil(ms: number): void;
    }
    const inside = DeadlineQueue.prototype as unknown as Inside;

    /** Gives up at the time of a deadline, before replies that wait are read. */
    const withoutGrace = (): void => {
      const spy = jest.spyOn(inside, 'expireAfterTurn').mockImplementation(function (this: Inside, dueMs) {
        this.expireUntil(dueMs);
      });
      cleanUps.push(() => spy.mockRestore());
    };

    it('would be caught as a timeout, if replies that wait were not read first', async () => {
      withoutGrace();
      expect((await block(MOMENTS[1][1])).findings).toContainEqual(expect.stringMatching(/^missed: /));
    });

    it('would be caught as a timeout, if deadlines began before commands leave', async () => {
      withoutGrace();
      const spy = jest.spyOn(inside, 'beginTurn').mockImplementation(function (this: Inside) {
        return { atMs: this.endsAtMs() };
      });
      cleanUps.push(() => spy.mockRestore());
      expect((await block(MOMENTS[0][1])).findings).toContainEqual(expect.stringMatching(/^missed: /));
    });
  });

  describe('when the app is closed', () => {
    /** Closes an app whose calls are under way, and tells what was amiss. */
    const closeWhileHung = async (options: CacheModuleOptions = {}): Promise<FaultWatch> => {
      const handles = openHandles();
      const app = await CachedApp.start({ ...options, redis: { url: server.url, ...options.redis } });
      await app.untilHits();
      const watch = new FaultWatch(app, TIMEOUT_BOUND_MS);
      const reasons = await unhandledDuring(async () => {
        server.pause();
        const calls = Array.from({ length: 20 }, (_, index) => watch.ask(`${index}`, () => app.viaMethod(`${index}`)));
        // Until they are with the server.
        for (let turn = 0; turn < 5; turn++) await nextTurn();
        const startedAtMs = performance.now();
        await app.close();
        const closeMs = performance.now() - startedAtMs;
        if (closeMs > CLOSED_WITHIN_MS) watch.found(`late: closed after ${Math.round(closeMs)} ms`);
        await Promise.all(calls);
      });
      for (const reason of reasons) watch.found(`unhandled: ${String(reason)}`);
      await watch.ask('after', () => app.viaMethod('after'));
      watch.checkLog([]);
      await until(() => openHandles() <= handles, 200).catch(() => watch.found('open: sockets or timers are left'));
      server.resume();
      return watch;
    };

    it('ends within half a second, serves those who wait, and leaves nothing open', async () => {
      const { findings, addedMs } = await closeWhileHung();
      expect(findings).toEqual([]);
      recordFault({
        class: 'hanging',
        fault: 'the app is closed while the server is stopped',
        caller: "the loader's answer, then and afterwards; `close()` takes half a second at most",
        boundMs: TIMEOUT_BOUND_MS,
        addedMs,
        healedMs: null,
        healBoundMs: null,
      });
    });

    it('would be caught ending late, if it waited for all answers', async () => {
      const close = Guard.prototype.close;
      const spy = jest.spyOn(Guard.prototype, 'close').mockImplementation(function (this: Guard) {
        return close.call(this, 1_000);
      });
      cleanUps.push(() => spy.mockRestore());
      const { findings } = await closeWhileHung({ redis: { timeout: '1s' } });
      expect(findings).toContainEqual(expect.stringMatching(/^late: closed after/));
    });
  });
});

/** Lets the event loop stand still. */
function blockFor(ms: number): void {
  for (const endMs = performance.now() + ms; performance.now() < endMs;);
}
