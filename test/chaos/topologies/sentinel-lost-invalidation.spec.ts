import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { until } from '../../support/redis-kit.js';
import { RedisSentinels } from '../../support/redis-sentinels.js';
import {
  expectRepaired,
  expectStrict,
  forgetWhatIsAcknowledged,
  loseInvalidation,
  type Pair,
} from './lost-invalidation.js';
import { byKey, byPattern, byTag, type Target, type Thing, THINGS } from './truth.js';
import { TwoApps } from './two-apps.js';

/** From when the replica was promoted. */
const HEAL_MS = 3_000;

const [thing] = THINGS as readonly [Thing];

let sentinels: RedisSentinels;
let apps: TwoApps;
let pair: Pair;

beforeAll(async () => {
  sentinels = await RedisSentinels.start(3);
}, 30_000);
afterAll(() => sentinels.stop());
beforeEach(async () => {
  const master = await sentinels.current();
  pair = { master, replica: master === sentinels.master ? sentinels.replica : sentinels.master };
  await master.command('FLUSHALL');
});
afterEach(async () => {
  jest.restoreAllMocks();
  await apps.close();
  await sentinels.restore();
}, 30_000);

const open = async (options: { connections?: number; minReplicas?: number } = {}): Promise<void> => {
  apps = await TwoApps.start({ sentinels: sentinels.addresses, sentinelName: sentinels.name, ...options });
};

describe('an acknowledged invalidation of which the replica that is promoted has not heard', () => {
  const lose = async (target: Target): Promise<void> => {
    await loseInvalidation(apps, target, pair);
    await sentinels.untilFailedOver(pair.master);
  };

  it.each<[string, Target, number]>([
    ['a key', byKey(thing), 1],
    ['a tag, over two connections', byTag('third-0'), 2],
    ['a pattern', byPattern('even'), 1],
  ])('is repeated, so that neither app serves what it covers: %s', async (of, target, connections) => {
    await open({ connections });
    await lose(target);
    await expectRepaired(apps, target, `sentinel: an acknowledged invalidation is lost in a failover (${of})`);
  });

  it('would be served again, if nothing were remembered', async () => {
    forgetWhatIsAcknowledged();
    await open();
    await lose(byKey(thing));
    for (const app of apps.all) {
      await until(async () => (await apps.ask(app, thing)).version < apps.truth.versionOf(thing), HEAL_MS);
    }
  });
});

describe('an invalidation that must be on a replica, with sentinels', () => {
  beforeEach(() => open({ minReplicas: 1 }));

  it.each<[string, Target]>([
    ['a key', byKey(thing)],
    ['a tag', byTag('third-0')],
  ])('is acknowledged when it is, and not while the replica is stopped: %s', async (_of, target) => {
    await expectStrict(apps, target, pair);
  });

  it('outlives its master, though nothing is repeated', async () => {
    forgetWhatIsAcknowledged();
    apps.truth.change([thing]);
    expect(await apps.all[0].cache.invalidate({ key: thing.id })).toEqual({ acknowledged: true });
    await pair.master.kill();
    await sentinels.untilFailedOver(pair.master);
    await expectRepaired(apps, byKey(thing));
  });
});
