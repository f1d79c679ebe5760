import { afterEach, describe, expect, it } from '@jest/globals';
import { type OpenedRedis, openHandles, openRedis, timed, until } from '../support/redis-kit.js';
import { FaultProxy } from '../support/fault-proxy.js';
import { freePort, RedisServer } from '../support/redis-server.js';

/** A call costs about nothing while there is no connection; this leaves room for a busy machine. */
const NOTHING_MS = 40;

describe('a client whose Redis cannot be reached', () => {
  let opened: OpenedRedis;
  const cleanUps: (() => Promise<void>)[] = [];

  afterEach(async () => {
    await opened.client.close();
    for (const cleanUp of cleanUps.splice(0)) await cleanUp();
  });

  const refusedPort = async () => `redis://127.0.0.1:${await freePort()}`;
  const acceptAndMute = async () => {
    const proxy = await FaultProxy.start(1);
    cleanUps.push(() => proxy.stop());
    proxy.mute();
    return proxy.url;
  };

  describe.each([
    ['refuses connections', refusedPort, 'disconnected'],
    ['has a name that nobody knows', () => Promise.resolve('redis://no-such-host.invalid:6379'), 'disconnected'],
    ['accepts connections and stays mute', acceptAndMute, 'disconnected'],
    ['asks for a password that is not known', passwordServer, 'credentials-refused'],
    ['has no database of that number', serverWithFewDatabases, 'database-refused'],
  ])('because it %s', (_what, urlOf, reason) => {
    it('answers every call at once with nothing', async () => {
      opened = await openRedis(await urlOf());
      await opened.store.ready(300);
      const { client } = opened;
      const calls: [() => Promise<unknown>, unknown][] = [
        [() => client.get('k'), null],
        [() => client.getJson('k'), null],
        [() => client.getBytes('k'), null],
        [() => client.getMany(['a', 'b']), [null, null]],
        [() => client.set('k', 'v'), false],
        [() => client.setJson('k', {}), false],
        [() => client.setBytes('k', Buffer.from('v')), false],
        [() => client.setMany([['a', '1']]), false],
        [() => client.setIfAbsent('k', 'v'), false],
        [() => client.delete('k'), false],
        [() => client.deleteMany(['a', 'b']), 0],
        [() => client.increment('n'), null],
        [() => client.invalidatePattern('*'), 0],
      ];
      for (const [call, nothing] of calls) {
        const { value, ms } = await timed(call);
        expect(value).toEqual(nothing);
        expect(ms).toBeLessThan(NOTHING_MS);
      }
      const thousand = await timed(() => Promise.all(Array.from({ length: 1_000 }, () => client.get('k'))));
      expect(thousand.ms).toBeLessThan(NOTHING_MS + 100);
      expect(await client.healthCheck()).toMatchObject({ enabled: true, connected: false, latencyMs: null });
    });

    it('says so once, however long it goes on', async () => {
      opened = await openRedis(await urlOf(), { connectTimeoutMs: 100 });
      await until(() => opened.events.tierChanges.length > 0, 3_000);
      const end = performance.now() + 300;
      await until(async () => (await opened.client.get('k')) !== null || performance.now() > end);
      expect(opened.events.tierChanges).toEqual(['tierFailed']);
      expect(opened.events.of('tierFailed')).toEqual([{ tier: 'redis', reason }]);
    });

    it('closes within half a second and leaves nothing open', async () => {
      const before = openHandles();
      opened = await openRedis(await urlOf());
      await opened.client.get('k');
      expect((await timed(() => opened.client.close())).ms).toBeLessThan(500);
      await until(() => openHandles() <= before + cleanUps.length, 100);
    });
  });

  it('finds Redis as soon as it is there', async () => {
    const port = await freePort();
    opened = await openRedis(`redis://127.0.0.1:${port}`);
    expect(await opened.store.ready(1_000)).toBe(false);
    await opened.client.get('k');
    const server = await RedisServer.start({ port });
    cleanUps.push(() => server.stop());
    const { ms } = await timed(() => until(() => opened.client.set('k', 'v'), 3_000));
    expect(ms).toBeLessThan(500);
    expect(opened.events.tierChanges).toEqual(['tierFailed', 'tierRecovered']);
  });

  it('finds Redis though nobody asks', async () => {
    const port = await freePort();
    opened = await openRedis(`redis://127.0.0.1:${port}`);
    let recoveredCount = 0;
    opened.store.onRecovered(() => recoveredCount++);
    await until(() => opened.events.tierChanges.length === 1);
    const server = await RedisServer.start({ port });
    cleanUps.push(() => server.stop());
    await until(() => recoveredCount === 1, 3_000);
  });

  it('writes nothing to another database than the one it names', async () => {
    const server = await RedisServer.start();
    cleanUps.push(() => server.stop());
    await server.command('ACL', 'SETUSER', 'default', '-select');
    opened = await openRedis(`${server.url}/3`);
    expect(await opened.store.ready(500)).toBe(false);
    expect(await opened.client.set('k', 'v')).toBe(false);
    expect(await server.command('EXISTS', 'test:k')).toBe(0);
  });

  async function serverWithFewDatabases(): Promise<string> {
    const server = await RedisServer.start();
    cleanUps.push(() => server.stop());
    return `${server.url}/99`;
  }

  async function passwordServer(): Promise<string> {
    const server = await RedisServer.start({ args: ['--requirepass', 'right'] });
    cleanUps.push(() => server.stop());
    return `redis://:wrong@127.0.0.1:${server.port}`;
  }
});
