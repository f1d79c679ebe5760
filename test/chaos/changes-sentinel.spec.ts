import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openHandles, timed, until } from '../support/redis-kit.js';
import { RedisSentinels } from '../support/redis-sentinels.js';
import { openTracked, type TrackedRedis, whileHolds } from '../support/tracked-redis.js';

const LEASE_MS = 500;
/** What a turn of the event loop may add on a busy machine. */
const SLACK_MS = 40;

describe('hearing what others change on the master that sentinels name', () => {
  let sentinels: RedisSentinels;
  let tracked: TrackedRedis;

  beforeEach(async () => {
    sentinels = await RedisSentinels.start();
    tracked = await openTracked({ mode: 'sentinel', sentinels: sentinels.addresses, name: sentinels.name });
    await tracked.untilFresh();
    tracked.told.forget();
  }, 30_000);
  afterEach(async () => {
    sentinels.master.resume();
    await tracked.store.close();
    await sentinels.stop();
  });

  it.each([
    ['killed', () => sentinels.master.kill()],
    ['hung', () => Promise.resolve(sentinels.master.pause())],
  ])(
    'is not fresh while the old master is %s, and hears the new one',
    async (_what, lose) => {
      await lose();
      expect(await whileHolds(tracked.isFresh, 3_000)).toBeLessThan(LEASE_MS + SLACK_MS);
      await tracked.untilFresh();
      expect(tracked.told.countOf(null)).toBeGreaterThanOrEqual(2);
      await sentinels.replica.command('SET', 'app:a', 1);
      await until(() => tracked.told.countOf('app:a') > 0);
    },
    20_000,
  );

  it('ends within half a second and leaves nothing open, though the sentinel hangs', async () => {
    await tracked.store.close();
    await until(() => sentinels.listenerCount().then((count) => count === 0));
    const before = openHandles();
    const other = await openTracked({ mode: 'sentinel', sentinels: sentinels.addresses, name: sentinels.name });
    await other.untilFresh();
    sentinels.pause();
    const { ms } = await timed(() => other.store.close());
    expect(ms).toBeLessThan(500);
    await until(() => openHandles() <= before, 200);
  });
});
