import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { createAgentCache } from '../../../src/composition/create-agent-cache.js';
import type { AgentCache } from '../../../src/core/cache.js';
import type { EntryWrite } from '../../../src/core/ports/entry-store.js';
import { escapeGlob } from '../../../src/core/glob.js';
import { MemoryTier } from '../../../src/tiers/memory/memory-tier.js';
import type { GuardedRedis } from '../../../src/tiers/redis/guard/guarded-redis.js';
import { RedisChanges } from '../../../src/tiers/redis/tracking/redis-changes.js';
import { TrackingChannel } from '../../../src/tiers/redis/tracking/tracking-channel.js';
import { RedisEntries } from '../../../src/tiers/redis/entries/redis-entries.js';
import { MUTATIONS } from '../../race/mutants.js';
import { CachedApp, type Report } from '../../support/cached-app.js';
import { FaultProxy } from '../../support/fault-proxy.js';
import { recordFault } from '../../support/fault-report.js';
import { TIMEOUT_BOUND_MS, warmUp } from '../../support/fault-trial.js';
import { FaultWatch, SLACK_MS } from '../../support/fault-watch.js';
import { until, untilHeard } from '../../support/redis-kit.js';
import { RedisServer } from '../../support/redis-server.js';

/** How long a process may serve from memory that hears of nothing. */
const LEASE_MS = 500;
const CHANNEL = /TRACKING/i;
const DATA = /^(?![^]*TRACKING)/i;
const KEYS = ['faults:direct:a', 'faults:reports:a'];

describe('two processes on one Redis', () => {
  let server: RedisServer;
  let proxy: FaultProxy;
  /** Reaches Redis through the proxy. */
  let here: CachedApp;
  let there: AgentCache;
  let watch: FaultWatch;
  const cleanUps: (() => unknown)[] = [];

  beforeAll(async () => {
    server = await RedisServer.start({ args: ['--hz', '100'] });
    await warmUp(server.url);
  });
  beforeEach(async () => {
    await server.command('FLUSHALL');
    proxy = await FaultProxy.start(server.port);
    here = await CachedApp.start({ redis: { url: proxy.url } });
    there = opened(server.url);
    watch = new FaultWatch(here, TIMEOUT_BOUND_MS);
    await until(() => there.set('there', true));
    await untilHeard(server, 2);
    await untilInMemory(here);
  });
  afterEach(async () => {
    await here.close();
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
    await proxy.stop();
  });
  afterAll(() => server.stop());

  /** The cache of another process. */
  function opened(url: string): AgentCache {
    const cache = createAgentCache({ prefix: 'faults', redis: { url } });
    cleanUps.push(() => cache.close());
    return cache;
  }

  /** Changes the source, says so there, and tells how long afterwards this process still serves what was before. */
  const staleAfterInvalidation = async (elsewhere = there): Promise<number> => {
    const version = ++here.reports.version;
    if (!(await elsewhere.invalidate({ tag: 'reports' })).acknowledged) watch.found('not acknowledged');
    return lastStaleMs(version);
  };

  /** How long from now on this process serves what is older than `version`, in milliseconds; looks for longer than that. */
  const lastStaleMs = async (version: number, forMs = LEASE_MS + 2 * SLACK_MS): Promise<number> => {
    const startedAtMs = performance.now();
    let lastMs = 0;
    for (let ms = 0; ms < forMs; ms = performance.now() - startedAtMs) {
      for (const ask of [() => here.viaCache(), () => here.viaMethod()]) {
        const asked = await watch.timed(ask);
        if (asked && asked.report.version < version) lastMs = performance.now() - startedAtMs;
      }
      await sleep(2);
    }
    return lastMs;
  };

  const allIsWell = (logged: readonly string[] = []): void => {
    watch.checkLog(logged);
    expect(watch.findings).toEqual([]);
  };

  describe('of which one is cut off from what the other changes', () => {
    interface Cut {
      readonly fault: string;
      readonly caller: string;
      readonly breakIt: () => unknown;
      readonly heal?: () => unknown;
      /** How long what was invalidated elsewhere may still be served. */
      readonly staleBoundMs: number;
      readonly healBoundMs: number;
    }
    const AT_ONCE = {
      caller: 'nothing that was invalidated; hits of Redis until memory is filled',
      staleBoundMs: SLACK_MS,
    };
    const WITHIN_LEASE = {
      caller: 'nothing that was invalidated more than half a second ago; then hits of Redis',
      staleBoundMs: LEASE_MS + SLACK_MS,
    };

    const reset = (): Cut => ({
      ...AT_ONCE,
      fault: 'the channel is reset',
      breakIt: () => proxy.reset(CHANNEL),
      healBoundMs: 500,
    });
    const killed = (): Cut => ({
      ...AT_ONCE,
      fault: 'the channel is ended by the server (CLIENT KILL)',
      breakIt: () => server.command('CLIENT', 'KILL', 'TYPE', 'pubsub'),
      healBoundMs: 500,
    });
    const dropped = (): Cut => ({
      ...WITHIN_LEASE,
      fault: 'the channel is dropped: nothing comes over it, and no end',
      breakIt: () => proxy.stall(CHANNEL),
      heal: () => proxy.heal(),
      healBoundMs: 500,
    });
    const deaf = (): Cut => ({
      ...AT_ONCE,
      fault: 'tracking is lost: the channel is there, and deaf',
      breakIt: async () => {
        proxy.deafen();
        proxy.reset(CHANNEL);
        await untilHeard(server, 2);
      },
      heal: () => proxy.heal(),
      // A channel is given up that does not tell for a second of what was confirmed.
      healBoundMs: 2_000,
    });

    /** In milliseconds: how long what was invalidated was served, and how long it took to be whole again. */
    const suffer = async (cut: Cut): Promise<{ staleMs: number; healedMs: number }> => {
      await cut.breakIt();
      const staleMs = await staleAfterInvalidation();
      // What this process invalidates itself it knows, whatever it hears.
      here.reports.version++;
      await here.cache.invalidate({ tag: 'reports' });
      await watch.look();
      if (!cut.heal) return { staleMs, healedMs: await untilLostAndBack(cut) };
      await cut.heal();
      return { staleMs, healedMs: await untilInMemory(here) };
    };

    /** Of what heals by itself, from when it is broken again. */
    const untilLostAndBack = async (cut: Cut): Promise<number> => {
      await untilInMemory(here);
      const startedAtMs = performance.now();
      await cut.breakIt();
      await until(async () => !(await isInMemory(here)));
      await untilInMemory(here);
      return performance.now() - startedAtMs;
    };

    it.each([
      ['reset', reset],
      ['CLIENT KILL', killed],
      ['dropped', dropped],
      ['tracking lost', deaf],
    ])('%s: what was invalidated elsewhere is not served', async (_what, cutOf) => {
      const cut = cutOf();
      const { staleMs, healedMs } = await suffer(cut);
      expect(staleMs).toBeLessThan(cut.staleBoundMs);
      expect(healedMs).toBeLessThan(cut.healBoundMs);
      watch.checkTierChanges([]);
      watch.checkReasons([]);
      allIsWell();
      record(cut, { healedMs, healBoundMs: cut.healBoundMs });
    });

    it('tracking on the wrong node: what was invalidated on the right one is not served', async () => {
      const other = await RedisServer.start();
      cleanUps.push(() => other.stop());
      proxy.retarget(other.port);
      proxy.reset(DATA);
      const elsewhere = opened(other.url);
      await until(() => elsewhere.set('there', true));
      await until(() => here.tierChanges.length === 2);
      const staleMs = await staleAfterInvalidation(elsewhere);
      expect(staleMs).toBeLessThan(LEASE_MS + SLACK_MS);
      const healedMs = await untilInMemory(here);
      expect(healedMs).toBeLessThan(2_000);
      watch.checkTierChanges(['tierFailed redis', 'tierRecovered redis']);
      allIsWell(['warn redis is unavailable (disconnected): ', 'log redis is available again after ']);
      record(
        { fault: 'the channel listens to another node than the one that is written', caller: WITHIN_LEASE.caller },
        { healedMs, healBoundMs: 2_000 },
      );
    });

    it('would be caught serving it, if memory were trusted without a lease', async () => {
      const spy = jest.spyOn(RedisChanges.prototype, 'isFresh').mockReturnValue(true);
      cleanUps.push(() => spy.mockRestore());
      const cut = dropped();
      await cut.breakIt();
      expect(await staleAfterInvalidation()).toBeGreaterThan(cut.staleBoundMs);
      await cut.heal?.();
    });

    it('would be caught filling the log, if every change of the channel wrote a line', async () => {
      const inside = TrackingChannel.prototype as unknown as { disarm(): void };
      const { disarm } = inside;
      const spy = jest.spyOn(inside, 'disarm').mockImplementation(function (this: typeof inside) {
        new Logger('AgentCache').warn('memory hears of nothing');
        disarm.call(this);
      });
      cleanUps.push(() => spy.mockRestore());
      await suffer(reset());
      watch.checkLog([]);
      expect(watch.findings).toContainEqual(expect.stringMatching(/^logged: /));
    });
  });

  describe('whose keys somebody else takes away', () => {
    const gone = async (): Promise<boolean> => (await server.command('EXISTS', ...KEYS)) === 0;
    const LOSSES: [string, string, () => unknown][] = [
      ['deletes (DEL)', 'somebody else deletes entries (DEL)', () => server.command('DEL', ...KEYS)],
      [
        'lets expire',
        'entries expire before their time',
        () => Promise.all(KEYS.map((key) => server.command('PEXPIRE', key, 5))),
      ],
      ['makes Redis evict', 'entries are evicted', () => evictAll(server)],
      ['flushes (FLUSHALL)', 'everything is deleted (FLUSHALL)', () => server.command('FLUSHALL')],
    ];

    it.each(LOSSES)('%s: they are not served from memory', async (_what, fault, lose) => {
      const version = ++here.reports.version;
      await lose();
      await until(gone);
      const staleMs = await lastStaleMs(version, 2 * SLACK_MS);
      expect(staleMs).toBeLessThan(SLACK_MS);
      await untilInMemory(here);
      watch.checkTierChanges([]);
      allIsWell();
      record(
        { fault, caller: "the loader's answer, as soon as the server has told" },
        { healedMs: staleMs, healBoundMs: SLACK_MS },
      );
    });

    it('evicts the version of a tag: nothing that was stored under it is served, now or later', async () => {
      const staleMs: number[] = [];
      // Each time there is a new version afterwards, and entries of all times before are still there.
      for (let time = 0; time < 2; time++) {
        const version = ++here.reports.version;
        await server.command('DEL', 'faults:~v:tag:reports');
        staleMs.push(await lastStaleMs(version, 2 * SLACK_MS));
        await untilInMemory(here);
      }
      const healedMs = Math.max(...staleMs);
      expect(healedMs).toBeLessThan(SLACK_MS);
      watch.checkTierChanges([]);
      allIsWell();
      record(
        { fault: 'the version of a tag is evicted', caller: "the loader's answer, as soon as the server has told" },
        { healedMs, healBoundMs: SLACK_MS },
      );
    });

    it('would be caught serving them, if nobody listened', async () => {
      const changed = jest.spyOn(MemoryTier.prototype as unknown as { changed(): void }, 'changed').mockReturnValue();
      cleanUps.push(() => changed.mockRestore());
      const version = ++here.reports.version;
      await server.command('DEL', ...KEYS);
      expect(await lastStaleMs(version, 2 * SLACK_MS)).toBeGreaterThan(SLACK_MS);
    });
  });

  describe('that do things at the same time', () => {
    const TARGETS = [
      ['its key', { key: 'direct:a' }],
      ['its tag', { tag: 'reports' }],
    ] as const;

    /** Lets what is stored pass whatever has become of its lease. */
    const withoutFence = (): void => {
      const publish = async function (this: RedisEntries, writes: readonly EntryWrite[]) {
        const { redis } = (this as unknown as { parts: { redis: GuardedRedis } }).parts;
        const set = ({ key, value, ttlMs }: EntryWrite): unknown =>
          redis.run((client) => client.set(key, Buffer.from(value), 'PX', ttlMs), { idempotent: true });
        await Promise.all(writes.map(set));
        return { ok: true as const, value: writes.map(() => 'stored' as const) };
      };
      const spy = jest.spyOn(RedisEntries.prototype, 'publish').mockImplementation(publish);
      cleanUps.push(() => spy.mockRestore());
    };

    /** The source is read before an invalidation elsewhere, and what was read is there after it. */
    const invalidateDuringLoad = async (target: (typeof TARGETS)[number][1]): Promise<void> => {
      await here.cache.invalidate({ tag: 'reports' });
      let goOn = (): void => undefined;
      const held = new Promise<void>((resolve) => (goOn = resolve));
      const read = here.reports.load.bind(here.reports);
      here.reports.load = async (id): Promise<Report> => {
        const report = await read(id);
        await held;
        return report;
      };
      const loading = [here.viaCache(), here.viaMethod()];
      await until(() => here.reports.loadsOf.get('a')! >= 3);
      here.reports.version++;
      await there.invalidate(target);
      if ('key' in target) await there.invalidate({ key: 'reports:a' });
      goOn();
      await Promise.all(loading);
      here.reports.load = read;
    };

    it.each(TARGETS)(
      'a load and an invalidation of %s: what was loaded before is not served after',
      async (what, target) => {
        await invalidateDuringLoad(target);
        for (let round = 0; round < 20; round++) {
          await watch.ask('a', () => here.viaCache());
          await watch.ask('a', () => here.viaMethod());
          await sleep(2);
        }
        watch.checkTierChanges([]);
        allIsWell();
        record({
          fault: `an invalidation of ${what} comes during a load`,
          caller: 'who asks afterwards: what is loaded afterwards',
        });
      },
    );

    it('would be caught serving it, if it were stored without a lease', async () => {
      withoutFence();
      await invalidateDuringLoad(TARGETS[0][1]);
      await sleep(20);
      await watch.ask('a', () => here.viaCache());
      await watch.ask('a', () => here.viaMethod());
      expect(watch.findings).toEqual(Array(2).fill(expect.stringMatching(/^wrong: version 1/)));
    });

    /** Redis is read before an invalidation elsewhere, of which is heard before the answer comes. */
    const invalidateDuringRead = async (): Promise<void> => {
      // Leaves the memory of all, and stays where it is.
      for (const key of KEYS) await server.command('PEXPIRE', key, 3_600_000);
      await until(async () => (await here.cache.explain('direct:a')).tier !== 'memory');
      proxy.lag(40, DATA);
      const reading = [here.viaCache(), here.viaMethod()];
      await sleep(15);
      here.reports.version++;
      expect(await there.invalidate({ tag: 'reports' })).toEqual({ acknowledged: true });
      await Promise.all(reading);
      await proxy.heal();
    };

    it('a read and an invalidation: what was read before is not served after', async () => {
      await invalidateDuringRead();
      for (let round = 0; round < 20; round++) {
        await watch.ask('a', () => here.viaCache());
        await watch.ask('a', () => here.viaMethod());
        await sleep(2);
      }
      watch.checkTierChanges([]);
      allIsWell();
      record({
        fault: 'an invalidation is heard of before the answer to a read comes',
        caller: 'who asks afterwards: what is loaded afterwards',
      });
    });

    it('would be caught serving it, if changes during a read were not noticed', async () => {
      const begin = MemoryTier.prototype.beginRead;
      const spy = jest.spyOn(MemoryTier.prototype, 'beginRead').mockImplementation(function (this: MemoryTier) {
        const tier = Object.assign(Object.create(this) as MemoryTier, { beginRead: begin.bind(this) });
        return MUTATIONS.marking.memory(tier).beginRead([]);
      });
      cleanUps.push(() => spy.mockRestore());
      await invalidateDuringRead();
      await watch.ask('a', () => here.viaCache());
      await watch.ask('a', () => here.viaMethod());
      expect(watch.findings).toEqual(Array(2).fill(expect.stringMatching(/^wrong: version 1/)));
    });

    const WAYS = [
      ['the cache', 'direct:late', () => here.viaCache('late')],
      ['the method', 'reports:late', () => here.viaMethod('late')],
    ] as const;
    type Way = (typeof WAYS)[number];

    /** A result that is on its way when the connection breaks, and arrives when its key was deleted. */
    const storeAfterDelete = async ([, key, call]: Way): Promise<void> => {
      const arrive = proxy.strand(/"id":"late"/);
      await call();
      await until(() => here.tierChanges.length > 0);
      await proxy.heal();
      here.reports.version++;
      await until(async () => (await here.cache.invalidate({ key })).acknowledged);
      const scripts = async (): Promise<number> => {
        const stats = String(await server.command('INFO', 'commandstats'));
        return Number(/cmdstat_eval:calls=(\d+)/.exec(stats)?.[1]);
      };
      const before = await scripts();
      arrive();
      // Without a lease, it would be no script.
      await until(async () => (await scripts()) > before || (await server.command('EXISTS', `faults:${key}`)) === 1);
    };

    it.each(WAYS)('a store by %s that arrives after a deletion: it stores nothing', async (...way) => {
      const [, key, call] = way;
      await storeAfterDelete(way);
      expect(await server.command('EXISTS', `faults:${key}`)).toBe(0);
      await watch.ask('late', call);
      watch.checkTierChanges(['tierFailed redis', 'tierRecovered redis']);
      allIsWell(['warn redis is unavailable (disconnected): ', 'log redis is available again after ']);
      record({
        fault: 'a store arrives after its key was deleted',
        caller: 'who asks afterwards: what is loaded afterwards',
      });
    });

    it.each(WAYS)('would be caught serving it, if %s stored without a lease, however late', async (...way) => {
      withoutFence();
      await storeAfterDelete(way);
      await watch.ask('late', way[2]);
      expect(watch.findings).toContainEqual(expect.stringMatching(/^wrong: version 1/));
    });
  });

  describe('that use ids such as', () => {
    const IDS = ['*', '?', '[a]', 'a:b', 'a', 'b', 'a*', '\\', '{a}', ' ', 'ü', '__proto__', 'a%3Ab'];

    /** Loads all, makes one unusable, and tells what is amiss with the others. */
    const deleteOne = async (id: string, escape: (text: string) => string): Promise<void> => {
      for (const each of IDS) {
        for (const way of [() => here.viaCache(each), () => here.viaMethod(each)]) {
          await watch.ask(each, way);
          await until(async () => (await way()).isHit);
        }
      }
      await here.cache.invalidate({ pattern: `direct:${escape(id)}` });
      await until(async () => (await server.command('EXISTS', `faults:direct:${id}`)) === 0);
      for (const each of IDS) {
        const asked = await watch.ask(each, () => here.viaCache(each));
        if (asked?.isHit === (each === id)) watch.found(`wrong: ${each} is ${asked.isHit ? 'still' : 'not'} there`);
      }
    };

    it.each(['*', 'a:b', '[a]'])('%s: each has its own entry, and is deleted alone', async (id) => {
      await deleteOne(id, escapeGlob);
      watch.checkTierChanges([]);
      allIsWell();
      record({ fault: `an id is \`${id}\``, caller: 'its own entry; a pattern made of it matches nothing else' });
    });

    it('would be caught deleting what belongs to others, if an id were a pattern', async () => {
      await deleteOne('*', (text) => text);
      expect(watch.findings).toContainEqual(expect.stringMatching(/^wrong: .* is not there$/));
    });
  });

  function record(
    { fault, caller }: { readonly fault: string; readonly caller: string },
    healing: { readonly healedMs: number; readonly healBoundMs: number } | null = null,
  ): void {
    const { addedMs, boundMs } = watch;
    const { healedMs, healBoundMs } = healing ?? { healedMs: null, healBoundMs: null };
    recordFault({ class: 'coherence', fault, caller, boundMs, addedMs, healedMs, healBoundMs });
  }
});

/** Whether an app answers both ways from memory. */
async function isInMemory({ cache, reports }: CachedApp): Promise<boolean> {
  const policy = { tags: ['reports'] };
  const results = [await cache.getOrLoad('direct:a', () => reports.load('a'), policy), await reports.read('a')];
  return results.every((result) => {
    const outcome = cache.outcomeOf(result);
    return outcome?.status === 'hit' && outcome.tier === 'memory';
  });
}

/** How long it takes until then, in milliseconds. */
async function untilInMemory(app: CachedApp): Promise<number> {
  const startedAtMs = performance.now();
  await until(() => isInMemory(app));
  return performance.now() - startedAtMs;
}

/** Until nothing of what was there is left. */
async function evictAll(server: RedisServer): Promise<void> {
  await server.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-random');
  await server.command('CONFIG', 'SET', 'maxmemory', 1);
  await until(async () => (await server.command('EXISTS', ...KEYS)) === 0);
  await server.command('CONFIG', 'SET', 'maxmemory', 0);
}
