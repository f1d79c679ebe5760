import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FakeRedisServer } from '../../support/fake-redis-server.js';
import { type OpenedRedis, openRedis } from '../../support/redis-kit.js';
import { RedisServer } from '../../support/redis-server.js';

describe('what a client sends', () => {
  let server: FakeRedisServer;
  let opened: OpenedRedis;
  beforeEach(async () => {
    server = await FakeRedisServer.start(([name, ...args]) => {
      if (name === 'MGET') return `*${args.length}\r\n${'$-1\r\n'.repeat(args.length)}`;
      if (name === 'UNLINK') return `:${args.length}\r\n`;
      if (name === 'SCAN') return args[0] === '0' ? '*2\r\n$1\r\n7\r\n*0\r\n' : '*2\r\n$1\r\n0\r\n*1\r\n$1\r\nk\r\n';
      return undefined;
    });
    opened = await openRedis(server.url, { timeoutMs: 1_000 });
    expect(await opened.store.ready(2_000)).toBe(true);
  });
  afterEach(async () => {
    await opened.client.close();
    await server.stop();
  });

  /** The commands of `call`, without those that ask whether Redis is alive. */
  const sentBy = async (call: () => Promise<unknown>) => {
    server.commands.length = 0;
    await call();
    return server.commands
      .map(([name = '', ...args]) => [name.toUpperCase(), ...args])
      .filter(([name]) => name !== 'PING');
  };

  it('sets the time to live in the same command', async () => {
    const { client } = opened;
    expect(await sentBy(() => client.set('k', 'v', '2s'))).toEqual([['SET', 'test:k', 'v', 'PX', '2000']]);
    expect(await sentBy(() => client.setIfAbsent('k', 'v', '2s'))).toEqual([
      ['SET', 'test:k', 'v', 'PX', '2000', 'NX'],
    ]);
    expect(await sentBy(() => client.setMany([['a', '1'], ['b', '2']], '2s'))).toEqual([
      ['SET', 'test:a', '1', 'PX', '2000'],
      ['SET', 'test:b', '2', 'PX', '2000'],
    ]); // prettier-ignore
  });

  it('reads many keys with one command, and deletes without making the server wait', async () => {
    const { client } = opened;
    expect(await sentBy(() => client.getMany(['a', 'b']))).toEqual([['MGET', 'test:a', 'test:b']]);
    expect(await sentBy(() => client.deleteMany(['a', 'b']))).toEqual([['UNLINK', 'test:a', 'test:b']]);
  });

  it('walks the keys in steps of a thousand', async () => {
    const step = (cursor: string) => ['SCAN', cursor, 'MATCH', 'test:u*', 'COUNT', '1000'];
    expect(await sentBy(() => opened.client.invalidatePattern('u*'))).toEqual([step('0'), step('7'), ['UNLINK', 'k']]);
  });
});

it('tells its health, all of it and nothing else', async () => {
  const server = await RedisServer.start({ args: ['--maxmemory', '50mb', '--maxmemory-policy', 'allkeys-lru'] });
  const { client, store } = await openRedis(server.url);
  expect(await store.ready(2_000)).toBe(true);
  expect(await client.healthCheck()).toEqual({
    enabled: true,
    connected: true,
    message: 'Redis answers.',
    mode: 'standalone',
    hits: 0,
    misses: 0,
    latencyMs: expect.any(Number),
    breaker: 'closed',
    memory: { usedBytes: expect.any(Number), maxBytes: 52_428_800, evictionPolicy: 'allkeys-lru' },
    connections: { open: 1, inFlight: expect.any(Number), shed: 0 },
  });
  await client.close();
  await server.stop();
});
