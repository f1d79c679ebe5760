import { afterEach, describe, expect, it } from '@jest/globals';
import { FakeRedisServer } from '../support/fake-redis-server.js';
import { type OpenedRedis, openRedis, timed, until } from '../support/redis-kit.js';
import { RedisServer } from '../support/redis-server.js';

/** Long, so that a busy machine has time for all tries. */
const TIMEOUT_MS = 1_000;

describe('a client whose Redis answers with errors', () => {
  let opened: OpenedRedis;
  const servers: { stop(): Promise<void> }[] = [];

  afterEach(async () => {
    await opened.client.close();
    for (const server of servers.splice(0)) await server.stop();
  });

  const openFake = async () => {
    const server = await FakeRedisServer.start();
    servers.push(server);
    opened = await openRedis(server.url, { timeoutMs: TIMEOUT_MS });
    expect(await opened.store.ready(2_000)).toBe(true);
    return server;
  };

  it.each(['LOADING Redis is loading', 'TRYAGAIN try again', 'CLUSTERDOWN down', 'MASTERDOWN link is down'])(
    'tries a read again after %s',
    async (error) => {
      const server = await openFake();
      server.answer(([name], count) => (name === 'GET' ? (count <= 2 ? `-${error}\r\n` : '$1\r\nv\r\n') : undefined));
      expect(await opened.client.get('k')).toBe('v');
      expect(server.commands.filter(([name]) => name === 'get')).toHaveLength(3);
    },
  );

  it('tries twice again and no more, within the deadline', async () => {
    const server = await openFake();
    server.answer(([name]) => (name === 'GET' ? '-LOADING Redis is loading\r\n' : undefined));
    const { value, ms } = await timed(() => opened.client.get('k'));
    expect(value).toBeNull();
    expect(ms).toBeLessThan(TIMEOUT_MS);
    expect(server.commands.filter(([name]) => name === 'get')).toHaveLength(3);
    expect(opened.events.of('error')).toMatchObject([{ operation: 'get', reason: 'rejected' }]);
  });

  it.each([
    'OOM command not allowed',
    "READONLY You can't write against a read only replica.",
    'MISCONF Redis is configured to save',
    'NOPERM this user has no permissions',
  ])('says that a write was refused with %s, and goes on reading', async (error) => {
    const server = await openFake();
    server.answer(([name]) => (name === 'SET' ? `-${error}\r\n` : name === 'GET' ? '$1\r\nv\r\n' : undefined));
    for (let write = 0; write < 30; write++) expect(await opened.client.set('k', 'v')).toBe(false);
    expect(await opened.client.get('k')).toBe('v');
    expect(server.commands.filter(([name]) => name === 'set')).toHaveLength(30);
    expect(opened.events.tierChanges).toEqual([]);
    expect(opened.events.of('error')[0]).toEqual({ category: 'client', operation: 'set', reason: 'rejected' });
  });

  it('ends a walk over all keys where the answer is none to SCAN, and rejects nothing', async () => {
    const server = await openFake();
    server.answer(([name]) => (name === 'SCAN' ? '+OK\r\n' : undefined));
    expect(await opened.client.invalidatePattern('a*')).toBe(0);
    expect(await opened.store.deleteMatching('test:*')).toEqual({ deleted: 0, complete: false });
  });

  it('goes on working where the check of the order of replies is forbidden', async () => {
    const server = await openFake();
    server.answer(([name]) => (name === 'ECHO' ? '-NOPERM no permission\r\n' : undefined));
    for (let write = 0; write < 5; write++) expect(await opened.client.set('k', 'v')).toBe(true);
  });

  it('is not ready before the data set is loaded', async () => {
    let isLoading = true;
    const info = () => `redis_version:7.0.0\r\nloading:${isLoading ? 1 : 0}\r\n`;
    const script = ([name]: readonly string[]) => (name === 'INFO' ? `$${info().length}\r\n${info()}\r\n` : undefined);
    const server = await FakeRedisServer.start(script);
    servers.push(server);
    opened = await openRedis(server.url);
    expect(await opened.store.ready(300)).toBe(false);
    const { ms } = await timed(() => opened.client.get('k'));
    expect(ms).toBeLessThan(40);
    isLoading = false;
    await until(() => opened.client.set('k', 'v'), 1_000);
  });

  it('reads a key of another type as absent', async () => {
    const server = await RedisServer.start();
    servers.push(server);
    opened = await openRedis(server.url);
    expect(await opened.store.ready(2_000)).toBe(true);
    await server.command('LPUSH', 'test:list', 'a');
    const { client } = opened;
    expect(await client.get('list')).toBeNull();
    expect(await client.getJson('list')).toBeNull();
    expect(await client.getMany(['list', 'k'])).toEqual([null, null]);
    expect(await client.increment('list')).toBeNull();
    expect(await client.set('list', 'v')).toBe(true);
    expect(await client.get('list')).toBe('v');
  });
});
