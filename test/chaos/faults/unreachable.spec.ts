import dns from 'node:dns';
import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { CacheModule } from '../../../src/nest/cache.module.js';
import { GuardedRedis } from '../../../src/tiers/redis/guard/guarded-redis.js';
import { FakeRedisServer } from '../../support/fake-redis-server.js';
import { FaultProxy } from '../../support/fault-proxy.js';
import { recordFault } from '../../support/fault-report.js';
import { type Fault, NOTHING_BOUND_MS, tryOut, warmUp } from '../../support/fault-trial.js';
import { RedisServer } from '../../support/redis-server.js';

/** What all of this class have in common: the app starts without Redis, says so once, and finds it when it is there. */
const NEVER_REACHED = {
  class: 'unreachable',
  caller: "the loader's answer, at once",
  boundMs: NOTHING_BOUND_MS,
  isFromTheStart: true,
  acknowledges: false,
  // That it failed is told before anybody can listen; the log has it.
  tierChanges: ['tierRecovered redis'],
  logged: ['warn redis is unavailable (disconnected): ', 'log redis is available again after '],
  reasons: ['disconnected'],
} satisfies Partial<Fault>;

describe('a Redis that cannot be reached', () => {
  let server: RedisServer;
  const cleanUps: (() => unknown)[] = [];

  beforeAll(async () => {
    server = await RedisServer.start({ args: ['--tcp-backlog', '1'] });
    await warmUp(server.url);
  });
  beforeEach(() => server.command('FLUSHALL'));
  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  });
  afterAll(() => server.stop());

  const holds = async (fault: Fault): Promise<void> => {
    const { row, findings } = await tryOut(fault);
    expect(findings).toEqual([]);
    recordFault(row);
  };

  const refused = (): Fault => ({
    ...NEVER_REACHED,
    fault: 'connections are refused',
    healBoundMs: 500,
    redisUrl: server.url,
    breakIt: () => server.kill(),
    heal: () => server.restart(),
  });

  const withoutName = (): Fault => {
    const lookup = dns.lookup;
    return {
      ...NEVER_REACHED,
      fault: 'no name server knows the host (bad DNS)',
      healBoundMs: 500,
      redisUrl: `redis://cache.nowhere.invalid:${server.port}`,
      dataUrl: server.url,
      breakIt: () => undefined,
      heal: () => {
        const known = (_host: string, ...rest: unknown[]): unknown =>
          Reflect.apply(lookup, dns, ['127.0.0.1', ...rest]);
        const spy = jest.spyOn(dns, 'lookup').mockImplementation(known);
        cleanUps.push(() => spy.mockRestore());
      },
    };
  };

  const impossiblePort = (sentinel: FakeRedisServer): Fault => ({
    ...NEVER_REACHED,
    fault: 'a sentinel names a port that cannot be (70000)',
    healBoundMs: 500,
    redisUrl: '',
    options: { redis: { sentinels: [`127.0.0.1:${sentinel.port}`], sentinelName: 'main' } },
    dataUrl: server.url,
    breakIt: () => undefined,
    heal: () => sentinel.answer(naming(server.port)),
  });

  const blackHole = (): Fault => ({
    ...NEVER_REACHED,
    fault: 'packets to it are lost (SYN black hole)',
    healBoundMs: 1_500,
    // Long enough for the first attempt to be given up, which takes as long as `CACHE_REDIS_CONNECT_TIMEOUT`.
    lastsMs: 1_100,
    tierChanges: ['tierFailed redis', 'tierRecovered redis'],
    redisUrl: server.url,
    breakIt: async () => cleanUps.push(await blackHoled(server)),
    heal: () => server.resume(),
  });

  const mute = (proxy: FaultProxy): Fault => ({
    ...NEVER_REACHED,
    fault: 'it accepts connections and says nothing',
    healBoundMs: 500,
    // A second of silence ends a connection.
    lastsMs: 600,
    tierChanges: ['tierFailed redis', 'tierRecovered redis'],
    redisUrl: proxy.url,
    breakIt: () => proxy.mute(),
    heal: () => proxy.heal(),
  });

  const proxied = async (): Promise<FaultProxy> => {
    const proxy = await FaultProxy.start(server.port);
    cleanUps.push(() => proxy.stop());
    return proxy;
  };

  it('refused: costs nothing, and is found when it listens', () => holds(refused()));

  it('of a name that nobody knows: costs nothing, and is found when it is known', () => holds(withoutName()));

  it('at a port that cannot be, as a sentinel says: costs nothing, and is found when it names another', async () => {
    const sentinel = await FakeRedisServer.start(naming(70_000));
    cleanUps.push(() => sentinel.stop());
    await holds(impossiblePort(sentinel));
  });

  it('at a port that cannot be, as the app says: stops the boot, and says what is wrong', async () => {
    const booting = Test.createTestingModule({ imports: [CacheModule.forRoot({ redis: { url: 'redis://h:70000' } })] });
    await expect(booting.compile()).rejects.toThrow(/redis\.url.*redis:\/\//s);
  });

  it('behind a black hole for SYN packets: costs nothing, and is found when packets arrive', () => holds(blackHole()));

  it('that accepts and stays mute: costs nothing, and is found when it speaks', async () =>
    holds(mute(await proxied())));

  it('would be caught costing time, if calls waited for a connection', async () => {
    const run = GuardedRedis.prototype.run;
    const spy = jest.spyOn(GuardedRedis.prototype, 'run').mockImplementation(async function (
      this: GuardedRedis,
      ...call
    ) {
      await this.ready(1_000);
      return run.apply(this, call);
    });
    cleanUps.push(() => spy.mockRestore());
    const { findings } = await tryOut({ ...mute(await proxied()), lastsMs: 0 });
    expect(findings).toContainEqual(expect.stringMatching(/^late: \d+ ms of at most 60$/));
  });

  it('would be caught filling the log, if every call that gets no answer wrote a line', async () => {
    const { findings } = await tryOut(refused(), {
      app: ({ cache }) => void cache.on('error', () => new Logger('AgentCache').warn('redis is unavailable')),
    });
    expect(findings).toContainEqual(expect.stringMatching(/^logged: /));
  });
});

/** What a sentinel answers whose master listens on `port`. */
const naming = (port: number) => (command: readonly string[]) => {
  if (command[0] !== 'SENTINEL') return undefined;
  const isMaster = command[1]?.toLowerCase() === 'get-master-addr-by-name';
  return isMaster ? `*2\r\n$9\r\n127.0.0.1\r\n$${String(port).length}\r\n${port}\r\n` : '*0\r\n';
};

/** No more connections are completed: the server does not accept, and its queue is full. Answers the way to end that. */
async function blackHoled(server: RedisServer): Promise<() => void> {
  server.pause();
  const waiting: Socket[] = [];
  for (let isFull = false; !isFull;) {
    const socket = connect(server.port, '127.0.0.1');
    socket.on('error', () => undefined);
    waiting.push(socket);
    isFull = await new Promise((resolve) => {
      const timer = setTimeout(() => resolve(true), 100);
      socket.once('connect', () => {
        clearTimeout(timer);
        resolve(false);
      });
    });
  }
  return () => {
    server.resume();
    for (const socket of waiting) socket.destroy();
  };
}
