import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { RedisCluster } from '../../support/redis-cluster.js';
import { until } from '../../support/redis-kit.js';
import {
  expectRepaired,
  expectStrict,
  forgetWhatIsAcknowledged,
  loseInvalidation,
  type Pair,
} from './lost-invalidation.js';
import { byKey, byNamespace, byPattern, byTag, type Target, type Thing, THINGS } from './truth.js';
import { PREFIX, storageKeyOf, TwoApps } from './two-apps.js';

/** From when the replica has taken over. */
const HEAL_MS = 3_000;

const [thing] = THINGS as readonly [Thing];
const KEY = storageKeyOf(thing);
const tokenOf = (group: string): string => `${PREFIX}:~v:${group}`;

let cluster: RedisCluster;
let apps: TwoApps;

beforeAll(async () => {
  cluster = await RedisCluster.start(3, { withReplicas: true });
}, 30_000);
afterAll(() => cluster.stop());
beforeEach(() => cluster.flush());
afterEach(async () => {
  jest.restoreAllMocks();
  await apps.close();
  for (const node of cluster.all) node.resume();
  for (const node of cluster.all) if (node.pid === undefined) await node.restart();
  await cluster.untilReplicated();
}, 30_000);

const pairOf = async (key: string): Promise<Pair> => {
  const master = await cluster.ownerOf(key);
  return { master, replica: await cluster.replicaOf(master) };
};
/** By the hand of an operator, so at once. */
const takeOver = async ({ master, replica }: Pair, key: string): Promise<void> => {
  await replica.command('CLUSTER', 'FAILOVER', 'TAKEOVER');
  await cluster.untilFailedOver(master, key);
};

describe('an acknowledged invalidation of which the replica that takes over has not heard, in a cluster', () => {
  const lose = async (target: Target, key: string, connections = 1): Promise<void> => {
    apps = await TwoApps.start({ clusterNodes: cluster.nodes, connections });
    const pair = await pairOf(key);
    await loseInvalidation(apps, target, pair);
    await takeOver(pair, key);
  };

  it.each<[string, Target, string, number]>([
    ['a key', byKey(thing), KEY, 1],
    ['a key, over two connections', byKey(thing), KEY, 2],
    ['a tag', byTag('third-0'), tokenOf('tag:third-0'), 1],
    ['a namespace', byNamespace('even'), tokenOf('ns:even'), 1],
    ['a pattern', byPattern('even'), KEY, 1],
  ])('is repeated, so that neither app serves what it covers: %s', async (of, target, key, connections) => {
    await lose(target, key, connections);
    await expectRepaired(apps, target, `cluster: an acknowledged invalidation is lost in a failover (${of})`);
  });

  it.each<[string, Target, string]>([
    ['a key', byKey(thing), KEY],
    ['a tag', byTag('third-0'), tokenOf('tag:third-0')],
  ])('would be served again, if nothing were remembered: %s', async (_of, target, key) => {
    forgetWhatIsAcknowledged();
    await lose(target, key);
    for (const app of apps.all) {
      await until(async () => (await apps.ask(app, thing)).version < apps.truth.versionOf(thing), HEAL_MS);
    }
  });
});

describe('an invalidation that must be on a replica, in a cluster', () => {
  beforeEach(async () => {
    apps = await TwoApps.start({ clusterNodes: cluster.nodes, minReplicas: 1 });
  });

  it.each<[string, Target, string]>([
    ['a key', byKey(thing), KEY],
    ['a tag', byTag('third-0'), tokenOf('tag:third-0')],
  ])('is acknowledged when it is, and not while the replica of its master is stopped: %s', async (_of, target, key) => {
    await expectStrict(apps, target, await pairOf(key));
  });

  it('outlives its master, though nothing is repeated', async () => {
    forgetWhatIsAcknowledged();
    const pair = await pairOf(KEY);
    apps.truth.change([thing]);
    expect(await apps.all[0].cache.invalidate({ key: thing.id })).toEqual({ acknowledged: true });
    await pair.master.kill();
    await takeOver(pair, KEY);
    await expectRepaired(apps, byKey(thing));
  });
});
