import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type OpenedRedis, openHandles, openRedis, timed, until } from '../support/redis-kit.js';
import { RedisSentinels } from '../support/redis-sentinels.js';

describe('a client on the master that sentinels name', () => {
  let sentinels: RedisSentinels;
  let opened: OpenedRedis;

  beforeEach(async () => {
    sentinels = await RedisSentinels.start();
    opened = await openRedis({ mode: 'sentinel', sentinels: sentinels.addresses, name: sentinels.name });
    expect(await opened.store.ready(5_000)).toBe(true);
  }, 30_000);
  afterEach(async () => {
    sentinels.master.resume();
    await opened.client.close();
    await sentinels.stop();
  });

  it('says so and serves', async () => {
    expect(await opened.client.set('k', 'v')).toBe(true);
    expect(await opened.client.get('k')).toBe('v');
    expect(await opened.client.healthCheck()).toMatchObject({ mode: 'sentinel', connected: true });
  });

  it('gives sentinels that ask for a password theirs, not that of the master', async () => {
    await sentinels.protect('sesame');
    const topology = { mode: 'sentinel', sentinels: sentinels.addresses, name: sentinels.name } as const;
    const known = await openRedis(topology, { sentinelUsername: 'default', sentinelPassword: 'sesame' });
    expect(await known.store.ready(5_000)).toBe(true);
    expect(await known.client.set('k', 'v')).toBe(true);
    await known.client.close();
    const unknown = await openRedis(topology);
    expect(await unknown.store.ready(500)).toBe(false);
    await unknown.client.close();
  });

  it.each([
    ['is connected', true],
    ['asks it for the master', false],
  ])('leaves nothing open once it is closed, though the sentinel hangs while it %s', async (_what, isReady) => {
    await opened.client.close();
    await until(() => sentinels.listenerCount().then((count) => count === 0));
    const before = openHandles();
    const topology = { mode: 'sentinel', sentinels: sentinels.addresses, name: sentinels.name } as const;
    if (!isReady) sentinels.pause();
    const other = await openRedis(topology);
    expect(await other.store.ready(isReady ? 5_000 : 200)).toBe(isReady);
    if (isReady) sentinels.pause();
    await other.client.get('k');
    await other.client.close();
    await until(() => openHandles() <= before, 100);
  });

  it('leaves nothing open once it is closed just after a failover', async () => {
    await opened.client.close();
    await until(() => sentinels.listenerCount().then((count) => count === 0));
    const before = openHandles();
    const other = await openRedis({ mode: 'sentinel', sentinels: sentinels.addresses, name: sentinels.name });
    expect(await other.store.ready(5_000)).toBe(true);
    sentinels.master.pause();
    await until(() => other.client.set('k', 'v'), 15_000);
    await other.client.close();
    await until(() => openHandles() <= before, 300);
  });

  it.each([
    ['killed', () => sentinels.master.kill()],
    ['hung', () => Promise.resolve(sentinels.master.pause())],
  ])(
    'goes over to the new master when the old one is %s, and no call waits longer than the deadline',
    async (_what, lose) => {
      await opened.client.set('k', 'v');
      await lose();
      let longestMs = 0;
      await until(async () => {
        const { value, ms } = await timed(() => opened.client.set('k', 'new'));
        longestMs = Math.max(longestMs, ms);
        return value;
      }, 15_000);
      expect(longestMs).toBeLessThan(160);
      expect(await sentinels.replica.command('GET', 'test:k')).toBe('new');
      expect(opened.events.tierChanges).toEqual(['tierFailed', 'tierRecovered']);
      await until(() => sentinels.listenerCount().then((count) => count === 1));
      await opened.client.close();
      await until(() => sentinels.listenerCount().then((count) => count === 0));
    },
    20_000,
  );
});
