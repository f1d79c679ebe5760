import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Redis } from 'ioredis';
import type { EnvelopeCodec } from '../../../src/core/ports/codec.js';
import { EntryJudge } from '../../../src/core/reading/entry-judge.js';
import { GuardedRedis } from '../../../src/tiers/redis/guard/guarded-redis.js';
import { type Callers, callersOf } from '../../support/callers.js';
import { CachedApp } from '../../support/cached-app.js';
import { FaultProxy } from '../../support/fault-proxy.js';
import { recordFault } from '../../support/fault-report.js';
import { type Fault, NOTHING_BOUND_MS, TIMEOUT_BOUND_MS, tryOut, warmUp } from '../../support/fault-trial.js';
import { until } from '../../support/redis-kit.js';
import { RedisServer } from '../../support/redis-server.js';

/** How the answer to a read begins, of an entry that is not there and the versions of two groups. */
const READ = '*3\r\n_\r\n';
/** The same of an entry that is there, of two hundred bytes and some. */
const READ_OF_ENTRY = '*3\r\n$2';
const NOT_THERE = '*3\r\n_\r\n_\r\n_\r\n';

/** An error in reply is an answer: Redis is there, and nothing is said of it but in events. */
const REFUSED_WRITES = {
  class: 'answers',
  caller: "a hit for what is there, the loader's answer for what is not",
  boundMs: NOTHING_BOUND_MS,
  healBoundMs: 1_000,
  stillHits: true,
  acknowledges: false,
  tierChanges: [],
  logged: [],
  reasons: ['rejected', 'incomplete'],
} satisfies Partial<Fault>;

/** What follows no protocol, or belongs to another command, costs the connection. */
const MADE_ANEW = {
  class: 'answers',
  boundMs: TIMEOUT_BOUND_MS,
  healBoundMs: 1_000,
  tierChanges: ['tierFailed redis', 'tierRecovered redis'],
  logged: ['warn redis is unavailable (', 'log redis is available again after '],
  reasons: ['disconnected', 'connection-lost', 'breaker-open', 'timeout'],
} satisfies Partial<Fault>;

/** Redis is there, but does not let the app in. */
const LOCKED_OUT = {
  class: 'answers',
  caller: "the loader's answer, at once",
  boundMs: NOTHING_BOUND_MS,
  healBoundMs: 2_500,
  acknowledges: false,
  logged: ['warn redis is unavailable (it refuses the user or the password; ', 'log redis is available again after '],
  reasons: ['disconnected', 'connection-lost'],
} satisfies Partial<Fault>;

describe('a Redis whose answers are of no use', () => {
  let server: RedisServer;
  let proxy: FaultProxy;
  /** Stays logged in, whatever is asked of others. */
  let admin: Redis;
  let folder: string;
  const cleanUps: (() => unknown)[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'agent-cache-answers-'));
    const slowToLoad = ['--key-load-delay', '100', '--loading-process-events-interval-bytes', '1024'];
    server = await RedisServer.start({ args: [...slowToLoad, '--enable-protected-configs', 'yes'] });
    await warmUp(server.url);
  });
  beforeEach(async () => {
    proxy = await FaultProxy.start(server.port);
    admin = new Redis({ port: server.port });
    admin.on('error', () => undefined);
    await admin.flushall();
  });
  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
    admin.disconnect();
    await proxy.stop();
  });
  afterAll(async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const holds = async (fault: Fault): Promise<void> => {
    const { row, findings } = await tryOut(fault);
    expect(findings).toEqual([]);
    recordFault(row);
  };
  const config = (...settings: string[]): Promise<unknown> => admin.config('SET', ...(settings as [string, string]));

  describe('because they are no answers', () => {
    const garbage = (): Fault => ({
      ...MADE_ANEW,
      fault: 'garbage comes in place of a reply',
      caller: 'its entry, read again within the timeout',
      redisUrl: proxy.url,
      breakIt: () => proxy.replaceNextReply('hello, world\r\n', READ),
      lastsMs: 0,
    });

    /** Three callers are waiting all the time, so that what comes too much is taken for an answer to one of them. */
    const outOfStep = (what: Pick<Fault, 'fault' | 'breakIt'>): Fault => {
      let callers: Callers | null = null;
      cleanUps.push(() => callers?.end());
      return {
        ...MADE_ANEW,
        ...what,
        caller: "its own entry or the loader's answer, never another one's",
        redisUrl: proxy.url,
        options: { memory: { maxBytes: 0 } },
        breakIt: async (watch) => {
          proxy.delay(5);
          callers = callersOf(watch!, { count: 3, pauseMs: 0, onlyByCache: true });
          await until(() => watch!.app.reports.loadsOf.size === 4);
          await what.breakIt(watch);
        },
        heal: async () => {
          await proxy.heal();
          await callers?.end();
        },
        lastsMs: 400,
      };
    };
    const stray = (): Fault =>
      outOfStep({
        fault: 'a reply comes that nobody asked for (stray)',
        breakIt: () => proxy.insertBeforeNextReply(NOT_THERE, READ_OF_ENTRY),
      });
    const duplicate = (): Fault =>
      outOfStep({ fault: 'a reply comes twice', breakIt: () => proxy.doubleNextReply(READ_OF_ENTRY) });

    it('but garbage: the connection is made anew', () => holds(garbage()));

    it('but a stray reply, which shifts all that follow: nobody gets what belongs to another', () => holds(stray()));

    it.each([
      ['nothing', '_\r\n'],
      ['nothing, as older servers say it', '$-1\r\n'],
      ['an array of nothing', '*2\r\n_\r\n_\r\n'],
    ])(
      'but a stray reply of %s while nobody waits: the connections are made anew, and the process lives',
      async (_, bytes) => {
        const app = await CachedApp.start({ redis: { url: proxy.url } });
        cleanUps.push(() => app.close());
        await app.untilHits();
        const { accepted } = proxy;
        proxy.inject(bytes);
        await until(() => proxy.accepted >= accepted + 2);
        await app.untilHits(1_000);
        expect(app.tierChanges).toEqual(['tierFailed redis', 'tierRecovered redis']);
      },
    );

    it('would be caught ending the process, if the library looked into such a reply', async () => {
      const thrown: unknown[] = [];
      const { nextTick } = process;
      const watched = (work: (...given: unknown[]) => void, ...given: unknown[]): void =>
        nextTick(() => {
          try {
            work(...given);
          } catch (error) {
            thrown.push(error);
          }
        });
      const tick = jest.spyOn(process, 'nextTick').mockImplementation(watched as typeof nextTick);
      cleanUps.push(() => tick.mockRestore(), keepOriginal(Redis.prototype, 'resetCommandQueue'));
      const app = await CachedApp.start({ redis: { url: proxy.url } });
      cleanUps.push(() => app.close());
      await app.untilHits();
      proxy.inject('_\r\n');
      await until(() => thrown.length > 0);
      expect(String(thrown[0])).toMatch(/^TypeError: .*null/);
    });

    it('but the same again, which shifts all that follow: nobody gets what belongs to another', () =>
      holds(duplicate()));

    it('would be caught giving what belongs to another, if an entry did not say whose it is', async () => {
      const open = trusting(EntryJudge.prototype.open);
      const spy = jest.spyOn(EntryJudge.prototype, 'open').mockImplementation(open);
      cleanUps.push(() => spy.mockRestore());
      // Whether the next command is one that takes the reply depends on the moment.
      const findings: string[] = [];
      for (let tries = 0; tries < 5 && findings.length === 0; tries++) {
        await admin.flushall();
        const trial = await tryOut({ ...duplicate(), lastsMs: 200 });
        findings.push(...trial.findings.filter((finding) => finding.startsWith('wrong')));
      }
      expect(findings).toContainEqual(
        expect.stringMatching(/^wrong: version 1 of caller-\d for version 1 of caller-\d$/),
      );
    });
  });

  describe('because they are errors', () => {
    const loading = (): Fault => ({
      class: 'answers',
      fault: 'it loads its data (LOADING)',
      caller: "the loader's answer, at once",
      boundMs: TIMEOUT_BOUND_MS,
      healBoundMs: 1_000,
      redisUrl: server.url,
      breakIt: async () => {
        await admin.eval("for i = 1, 4000 do redis.call('SET', 'other:' .. i, string.rep('x', 100)) end", 0);
        await admin.save();
        await server.restart();
        expect(await server.command('INFO', 'persistence')).toMatch(/^loading:1/m);
      },
      heal: () => until(async () => /^loading:0/m.test(String(await server.command('INFO', 'persistence')))),
      acknowledges: false,
      tierChanges: ['tierFailed redis', 'tierRecovered redis'],
      logged: ['warn redis is unavailable (disconnected): ', 'log redis is available again after '],
      reasons: ['disconnected', 'connection-lost', 'rejected'],
    });

    const outOfMemory = (): Fault => ({
      ...REFUSED_WRITES,
      fault: 'it is out of memory (OOM)',
      redisUrl: server.url,
      breakIt: () => config('maxmemory-policy', 'noeviction', 'maxmemory', '1'),
      heal: () => config('maxmemory', '0'),
    });

    const readOnly = (): Fault => ({
      ...REFUSED_WRITES,
      fault: 'it has become a replica (READONLY)',
      redisUrl: server.url,
      breakIt: () => admin.replicaof('127.0.0.1', 1),
      heal: () => admin.replicaof('NO', 'ONE'),
    });

    const cannotSave = (): Fault => ({
      ...REFUSED_WRITES,
      fault: 'it cannot save its data (MISCONF)',
      redisUrl: server.url,
      breakIt: async () => {
        await mkdir(join(folder, 'gone'));
        await config('dir', join(folder, 'gone'), 'save', '3600 1');
        await rm(join(folder, 'gone'), { recursive: true });
        await admin.bgsave();
        await until(async () => /rdb_last_bgsave_status:err/.test(await admin.info('persistence')));
      },
      heal: async () => {
        await config('dir', folder, 'save', '');
        await admin.bgsave();
        await until(async () => /rdb_last_bgsave_status:ok/.test(await admin.info('persistence')));
      },
    });

    const locked = (): Fault => ({
      ...LOCKED_OUT,
      fault: 'it asks for a password that the app does not have (NOAUTH)',
      redisUrl: proxy.url,
      dataUrl: server.url,
      breakIt: async () => {
        await config('requirepass', 'secret-of-redis');
        proxy.resetAll();
      },
      heal: () => config('requirepass', ''),
      // The connection is lost first; why there is no other becomes known a moment later.
      tierChanges: ['tierFailed redis', 'tierFailed redis', 'tierRecovered redis'],
      logged: ['warn redis is unavailable (disconnected): ', ...LOCKED_OUT.logged],
    });

    const wrongPassword = (): Fault => ({
      ...LOCKED_OUT,
      fault: 'it does not accept the password (WRONGPASS)',
      redisUrl: `redis://:secret-of-app@127.0.0.1:${server.port}`,
      isFromTheStart: true,
      breakIt: () => config('requirepass', 'secret-of-redis'),
      heal: () => config('requirepass', 'secret-of-app'),
      tierChanges: ['tierRecovered redis'],
    });

    const wrongType = (): Fault => ({
      class: 'answers',
      fault: 'keys of the cache hold another type (WRONGTYPE)',
      caller: "the loader's answer, which is stored in its place",
      boundMs: NOTHING_BOUND_MS,
      healBoundMs: 500,
      redisUrl: server.url,
      breakIt: async () => {
        const keys = (await admin.keys('faults:*')).filter((key) => !key.startsWith('faults:~c:'));
        expect(keys.length).toBeGreaterThan(3);
        for (const key of keys) await admin.multi().del(key).lpush(key, 'of another').exec();
      },
      lastsMs: 0,
      acknowledges: true,
      tierChanges: [],
      logged: [],
      reasons: ['rejected'],
    });

    it('LOADING: it is used when it has its data', () => holds(loading()));

    it('OOM: it is read all the same, and written when there is room', () => holds(outOfMemory()));

    it('READONLY: it is read all the same, and written when it may be', () => holds(readOnly()));

    it('MISCONF: it is read all the same, and written when it can save', () => holds(cannotSave()));

    it('NOAUTH: costs nothing, and it is used when it lets the app in', async () => {
      cleanUps.push(() => config('requirepass', ''));
      await holds(locked());
    });

    it('WRONGPASS: costs nothing, and it is used when the password is right', async () => {
      cleanUps.push(() => config('requirepass', ''));
      await holds(wrongPassword());
    });

    it('WRONGTYPE: what is there is replaced', () => holds(wrongType()));

    it('would be caught costing time, if an error were tried again and again', async () => {
      const reply = GuardedRedis.prototype.run;
      const spy = jest.spyOn(GuardedRedis.prototype, 'run').mockImplementation(async function (
        this: GuardedRedis,
        ...call
      ) {
        for (let tries = 1; ; tries++) {
          const answer = await reply.apply(this, call);
          if (answer.ok || answer.reason !== 'rejected' || tries === 5) return answer;
          await sleep(20);
        }
      });
      cleanUps.push(() => spy.mockRestore());
      const { findings } = await tryOut({ ...outOfMemory(), lastsMs: 0 });
      expect(findings).toContainEqual(expect.stringMatching(/^late: \d+ ms of at most 60$/));
    });

    it('would be caught filling the log, if every error wrote a line', async () => {
      const app = ({ cache }: CachedApp): void =>
        void cache.on('error', () => new Logger('AgentCache').warn('redis has answered with an error'));
      const { findings } = await tryOut(outOfMemory(), { app });
      expect(findings).toContainEqual(expect.stringMatching(/^logged: /));
    });
  });
});

/** Opens an entry as one of whatever key it says. */
function trusting(open: EntryJudge['open']): EntryJudge['open'] {
  return function (this: EntryJudge, ...call) {
    const { parts } = this as unknown as { parts: { envelopes: EnvelopeCodec } };
    const openAny: EnvelopeCodec['open'] = (bytes) => {
      const [, key = ''] = /"k":"([^"]*)"/.exec(bytes.toString('latin1')) ?? [];
      return parts.envelopes.open(bytes, key);
    };
    const judge = Object.create(this) as EntryJudge;
    Object.assign(judge, { parts: { ...parts, envelopes: { ...parts.envelopes, open: openAny } } });
    return open.apply(judge, call);
  };
}

/** Lets nobody put anything in the place of a method of a class, neither on its instances. Answers the way to end that. */
function keepOriginal(prototype: object, name: string): () => void {
  const method = Object.getOwnPropertyDescriptor(prototype, name)!;
  const get = (): unknown => method.value;
  Object.defineProperty(prototype, name, { configurable: true, get, set: () => undefined });
  return () => Object.defineProperty(prototype, name, method);
}
