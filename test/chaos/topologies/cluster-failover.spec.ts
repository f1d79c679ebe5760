import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { RedisCluster } from '../../support/redis-cluster.js';
import type { RedisServer } from '../../support/redis-server.js';
import { expectAllHeard, expectPromisesKept, recordTopology, underTraffic } from './trial.js';
import { type Thing, THINGS } from './truth.js';
import { storageKeyOf, TwoApps } from './two-apps.js';

const CALLER = 'answers of the loader for keys of that master, of the cache for all others';

describe('two apps in use, on a cluster of three masters with a replica each', () => {
  let cluster: RedisCluster;
  let apps: TwoApps;
  let lost: RedisServer;
  /** One whose master will be lost. */
  const thing = THINGS[0] as Thing;
  const key = storageKeyOf(thing);

  beforeAll(async () => {
    cluster = await RedisCluster.start(3, { withReplicas: true });
  }, 30_000);
  afterAll(() => cluster.stop());
  beforeEach(async () => {
    lost = await cluster.ownerOf(key);
    await cluster.flush();
    apps = await TwoApps.start({ clusterNodes: cluster.nodes });
  });
  afterEach(async () => {
    await apps.close();
    for (const node of cluster.all) node.resume();
    for (const node of cluster.all) if (node.pid === undefined) await node.restart();
    await cluster.untilReplicated();
  }, 30_000);

  const untilReplaced = (): Promise<unknown> => cluster.untilFailedOver(lost, key);
  const allAreHeard = (): Promise<void> => expectAllHeard(apps, (each) => cluster.ownerOf(each));
  /** A change of state is at most one line of each app. */
  const expectFewLines = (): void => {
    const kinds = apps.lines.map((line) => /^(warn redis is unavailable|log redis is available again)/.exec(line)?.[1]);
    expect(kinds).not.toContain(undefined);
    expect(kinds.filter((kind) => kind?.startsWith('warn')).length).toBeLessThanOrEqual(2);
    expect(kinds.filter((kind) => kind?.startsWith('log')).length).toBeLessThanOrEqual(2);
  };

  it('go on when a master is killed, with its replica, and see it come back as a replica', async () => {
    const outcome = await underTraffic(apps, {
      happen: async () => {
        await lost.kill();
        await untilReplaced();
      },
      mend: async () => {
        await lost.restart();
        await cluster.untilReplicated();
      },
    });
    expectPromisesKept(outcome.report);
    expect(await lost.command('ROLE')).toEqual(expect.arrayContaining(['slave', 'connected']));
    expectFewLines();
    await allAreHeard();
    recordTopology('cluster: a master is killed, its replica takes over', CALLER, outcome);
  });

  it('go on when a master hangs, with its replica, and get nothing of it when it goes on', async () => {
    const outcome = await underTraffic(apps, {
      happen: async () => {
        lost.pause();
        await untilReplaced();
      },
      mend: async () => {
        lost.resume();
        await cluster.untilReplicated();
      },
    });
    expectPromisesKept(outcome.report);
    expectFewLines();
    await allAreHeard();
    recordTopology('cluster: a master hangs, its replica takes over', CALLER, outcome);
  });

  it('notice nothing of a replica that is killed and comes back', async () => {
    const replica = await cluster.replicaOf(lost);
    const outcome = await underTraffic(apps, {
      happen: () => replica.kill(),
      mend: async () => {
        await replica.restart();
        await cluster.untilReplicated();
      },
    });
    expectPromisesKept(outcome.report);
    expect(apps.lines).toEqual([]);
    recordTopology('cluster: a replica is killed', 'answers of the cache', outcome);
  });

  it('go on when a master hands over to its replica, as for maintenance', async () => {
    const replica = await cluster.replicaOf(lost);
    const outcome = await underTraffic(apps, {
      happen: async () => {
        await replica.command('CLUSTER', 'FAILOVER');
        await untilReplaced();
      },
    });
    expectPromisesKept(outcome.report);
    expect(apps.lines).toEqual([]);
    await allAreHeard();
    recordTopology('cluster: a master hands over to its replica', 'answers of the cache', outcome);
  });

  it('go on when a master comes back, empty, before anybody has taken over', async () => {
    const outcome = await underTraffic(apps, {
      happen: async () => {
        await lost.kill();
        await sleep(100);
        await lost.restart();
        await cluster.untilReplicated();
      },
    });
    expectPromisesKept(outcome.report);
    expectFewLines();
    await allAreHeard();
    recordTopology('cluster: a master is restarted', CALLER, outcome);
  });
});
