import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type OpenedRedis, openRedis, until } from '../../support/redis-kit.js';
import { RedisServer } from '../../support/redis-server.js';

const MIB = 1024 * 1024;

describe('entries that Redis did not answer for in time', () => {
  let server: RedisServer;
  let opened: OpenedRedis;
  beforeAll(async () => {
    server = await RedisServer.start();
    opened = await openRedis(server.url);
    expect(await opened.store.ready(5_000)).toBe(true);
  });
  afterAll(async () => {
    server.resume();
    await opened.store.close();
    await server.stop();
  });

  const read = (keys: string[]) => opened.store.entries.read(keys, ['app:~v:a'], { withTtl: false });
  const put = (key: string, bytes: number) =>
    server.command('EVAL', "return redis.call('SET', KEYS[1], string.rep('x', ARGV[1]))", 1, key, bytes);

  it('are deleted unread if they are large, when it answers again, and stay if they are not', async () => {
    await put('app:large', MIB + 1);
    await put('app:small', MIB);
    await put('app:~v:a', 36);
    await server.command('RPUSH', 'app:list', 'x');
    await put('app:not-asked-for', 2 * MIB);
    server.pause();
    expect(await read(['app:large', 'app:small', 'app:list'])).toMatchObject({ ok: false, reason: 'timeout' });
    server.resume();
    await until(async () => (await read(['app:small'])).ok);
    await until(async () => (await server.command('EXISTS', 'app:large')) === 0);
    expect(await server.command('EXISTS', 'app:small', 'app:list', 'app:~v:a', 'app:not-asked-for')).toBe(4);
  });

  it('are not asked for again until they were looked at, at no cost, while others are', async () => {
    await put('app:small', 100);
    server.pause();
    expect(await read(['app:small'])).toMatchObject({ ok: false, reason: 'timeout' });
    const startedAtMs = performance.now();
    expect(await read(['app:small'])).toMatchObject({ ok: false, reason: 'breaker-open' });
    expect(performance.now() - startedAtMs).toBeLessThan(20);
    server.resume();
    await until(async () => (await opened.store.get('app:other')).ok);
    await until(async () => (await read(['app:small'])).ok);
  });
});
