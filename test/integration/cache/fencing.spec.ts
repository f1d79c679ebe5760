import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createAgentCache } from '../../../src/composition/create-agent-cache.js';
import type { AgentCache } from '../../../src/core/cache.js';
import type { CacheOptions } from '../../../src/core/policy/options.js';
import { FakeRedisServer } from '../../support/fake-redis-server.js';
import { FaultProxy } from '../../support/fault-proxy.js';
import { openRedis, until, untilHeard } from '../../support/redis-kit.js';
import { RedisServer } from '../../support/redis-server.js';

let server: RedisServer;
/** Ends what a test has opened, the last first. */
const stops: (() => Promise<void>)[] = [];

beforeAll(async () => {
  server = await RedisServer.start();
});
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
  await server.command('FLUSHALL');
});
afterAll(() => server.stop());

/** A cache that has reached Redis. */
async function connected(redis: CacheOptions['redis'] = {}): Promise<AgentCache> {
  const cache = createAgentCache({ redis: { url: server.url, ...redis } });
  stops.push(() => cache.close());
  await until(() => cache.set(`probe:${Math.random()}`, 1));
  return cache;
}

describe('a version whose confirmation was lost', () => {
  it('is not written again, so that nothing stored under it comes back', async () => {
    const proxy = await FaultProxy.start(server.port);
    stops.push(() => proxy.stop());
    const [here, there] = [await connected({ url: proxy.url, timeout: '2s' }), await connected()];
    const policy = { tags: ['t'] };
    // What opens their channels is confirmed, too.
    await untilHeard(server, 2);
    // Not what the server tells of the change itself.
    proxy.cutNextReply(0, '+OK');
    expect(await here.invalidate({ tag: 't' })).toEqual({ acknowledged: false });
    const version = await server.command('GET', 'agent-cache:~v:tag:t');
    expect(version).not.toBeNull();
    await there.set('doc:1', 'v1', policy);
    await until(async () => (await server.command('GET', 'agent-cache:~v:tag:t')) !== version);
    expect(await there.get('doc:1', policy)).toBeUndefined();
  });

  it.each([
    ['setMany', 2],
    ['setManyOnce', 1],
  ] as const)('would be written again by a write that may be repeated: %s is sent %i times', async (method, times) => {
    const fake = await FakeRedisServer.start(([name], count) =>
      name === 'SET' && count === 1 ? '-LOADING loading\r\n' : undefined,
    );
    stops.push(() => fake.stop());
    const { store } = await openRedis(fake.url, { timeoutMs: 1_000 });
    stops.push(() => store.close());
    expect(await store.ready(2_000)).toBe(true);
    await store[method]([{ key: 'token', value: Buffer.from('v'), ttlMs: 60_000 }]);
    expect(fake.commands.filter(([name]) => name?.toUpperCase() === 'SET')).toHaveLength(times);
  });
});

describe('a value that is written to its source', () => {
  const policy = { tags: ['t'] };

  it.each<[string, (there: AgentCache) => Promise<unknown>]>([
    ['key', (there) => there.invalidate({ key: 'doc:1' })],
    ['pattern', (there) => there.invalidate({ pattern: 'doc:*' })],
    ['tag', (there) => there.invalidate({ tag: 't' })],
    ['DEL by hand', () => server.command('DEL', 'agent-cache:doc:1')],
  ])('is not what is served after somebody else has made it unusable meanwhile: %s', async (_how, change) => {
    const [here, there] = [await connected(), await connected()];
    for (let round = 0; round < 50; round++) {
      await here.writeThrough('doc:1', `overtaken ${round}`, async () => void (await change(there)), policy);
      for (const cache of [here, there]) expect(await cache.get('doc:1', policy)).toBeUndefined();
      await here.writeThrough('doc:1', `kept ${round}`, async () => undefined, policy);
      expect(await there.get('doc:1', policy)).toBe(`kept ${round}`);
    }
  });

  it('is what is served after those who loaded meanwhile, none of whom waits for it', async () => {
    const [here, there] = [await connected(), await connected()];
    for (let round = 0; round < 50; round++) {
      await here.writeThrough('doc:1', `new ${round}`, async () => {
        const loading = [here, there].map((cache) => cache.getOrLoad('doc:1', async () => 'old', policy));
        expect(await Promise.all(loading)).toEqual(['old', 'old']);
      });
      for (const cache of [here, there]) expect(await cache.get('doc:1')).toBe(`new ${round}`);
    }
  });
});

describe('an invalidation that Redis refuses', () => {
  afterEach(() => server.command('CONFIG', 'SET', 'maxmemory', '0'));

  it('is covered here also for a reader that does not name the tag', async () => {
    const cache = await connected();
    expect(await cache.set('doc:1', 'old', { tags: ['t'] })).toBe(true);
    await server.command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
    await server.command('CONFIG', 'SET', 'maxmemory', '1');
    expect(await cache.invalidate({ tag: 't' })).toEqual({ acknowledged: false });
    expect(await cache.get('doc:1')).toBeUndefined();
    expect(await cache.getOrLoad('doc:1', async () => 'new')).toBe('new');
  });
});

/** Whatever was asked for while `v` counted must not be there once its invalidation is acknowledged. */
describe('what is under way when it is invalidated', () => {
  const ROUNDS = 150;
  const targets = [
    ['its key', (key: string) => ({ key })],
    ['a pattern', (key: string) => ({ pattern: key })],
    ['its tag', (key: string) => ({ tag: key })],
  ] as const;

  it.each(targets.flatMap(([name, targetOf]) => [1, 3].map((connections) => [name, connections, targetOf] as const)))(
    'does not stay after an invalidation of %s, set over %i connections',
    async (_name, connections, targetOf) => {
      const cache = await connected({ connections });
      const left: unknown[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        const key = `set:${round}`;
        const setting = cache.set(key, 'old', { tags: [key] });
        for (let turn = 0; turn < round % 4; turn++) await nextTurn();
        expect(await cache.invalidate(targetOf(key))).toEqual({ acknowledged: true });
        left.push(await cache.get(key));
        await setting;
        left.push(await cache.get(key));
      }
      expect(left.filter((value) => value !== undefined)).toEqual([]);
    },
    30_000,
  );

  it.each(targets)(
    'does not stay after an invalidation of %s, loaded from what has changed since',
    async (_name, targetOf) => {
      const cache = await connected({ connections: 3 });
      const stale: unknown[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        const key = `load:${round}`;
        const policy = { tags: [key] };
        let source = 'old';
        const load = async (): Promise<string> => {
          const value = source;
          for (let turn = 0; turn < round % 3; turn++) await nextTurn();
          return value;
        };
        const loading = cache.getOrLoad(key, load, policy);
        for (let turn = 0; turn < round % 5; turn++) await nextTurn();
        source = 'new';
        await cache.invalidate(targetOf(key));
        stale.push(await cache.getOrLoad(key, load, policy));
        await loading;
        stale.push(await cache.getOrLoad(key, load, policy));
      }
      expect(stale.filter((value) => value !== 'new')).toEqual([]);
    },
    30_000,
  );

  it('is loaded once by all who ask for it at any moment of its load', async () => {
    const cache = await connected();
    let loads = 0;
    const load = async (): Promise<number> => {
      loads++;
      await nextTurn();
      return loads;
    };
    for (let round = 0; round < ROUNDS; round++) {
      const asked = [];
      for (let turn = 0; turn < 8; turn++) {
        asked.push(cache.getOrLoad(`one:${round}`, load));
        await nextTurn();
      }
      await Promise.all(asked);
    }
    expect(loads).toBe(ROUNDS);
  });
});

describe('a store whose connection broke, and that reaches Redis later', () => {
  it('stores nothing then, where an invalidation came in between', async () => {
    const proxy = await FaultProxy.start(server.port);
    stops.push(() => proxy.stop());
    const cache = await connected({ url: proxy.url });
    const arrive = proxy.strand(/stranded/);
    const failed = new Promise(
      (resolve) => void cache.on('error', ({ operation }) => operation === 'set' && resolve(1)),
    );
    await cache.getOrLoad('doc:1', async () => 'stranded');
    await failed;
    await proxy.heal();
    await until(async () => (await cache.invalidate({ key: 'doc:1' })).acknowledged);
    const evals = async (): Promise<number> =>
      Number(/cmdstat_eval:calls=(\d+)/.exec(String(await server.command('INFO', 'commandstats')))?.[1]);
    const before = await evals();
    arrive();
    await until(async () => (await evals()) > before);
    expect(await server.command('EXISTS', 'agent-cache:doc:1')).toBe(0);
    expect(await cache.get('doc:1')).toBeUndefined();
  });
});

describe('a process that is new', () => {
  it('stores all results of its first burst', async () => {
    const first = await connected();
    await until(() => first.set('burst:x', 1));
    // What is looked for is what is turned away for want of room.
    const cache = await connected({ timeout: '2s' });
    const errors: unknown[] = [];
    let sets = 0;
    cache.on('error', (error) => errors.push(error)).on('set', () => sets++);
    await Promise.all(Array.from({ length: 400 }, (_, n) => cache.getOrLoad(`burst:${n}`, async () => n)));
    await until(() => sets === 400 || errors.length > 0);
    expect(errors).toEqual([]);
  });
});

describe('what stands under the key of a version and is none', () => {
  it('is replaced, so that results are stored again', async () => {
    const cache = await connected();
    await server.command('HSET', 'agent-cache:~v:tag:t', 'field', 'value');
    const load = (): Promise<string> => Promise.resolve('v');
    await until(async () => {
      await cache.getOrLoad('doc:1', load, { tags: ['t'] });
      return (await cache.get('doc:1', { tags: ['t'] })) === 'v';
    });
    expect(await server.command('TYPE', 'agent-cache:~v:tag:t')).toBe('string');
  });
});

const nextTurn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
