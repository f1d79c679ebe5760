import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Cluster } from 'ioredis';
import { deleteMatching } from '../../../src/tiers/redis/commands/delete-matching.js';
import { slotOf } from '../../../src/tiers/redis/cluster/slots.js';
import { RedisCluster } from '../../support/redis-cluster.js';
import type { RedisServer } from '../../support/redis-server.js';
import { expectAllHeard, expectPromisesKept, recordTopology, underTraffic } from './trial.js';
import { OF_BATCH, type Thing, THINGS } from './truth.js';
import { PREFIX, policyOf, storageKeyOf, TwoApps } from './two-apps.js';

/** What a node says of itself that has all slots, of which none is on its way. */
const AT_REST = 'id 127.0.0.1:1@2 myself,master - 0 0 1 connected 0-16383';

describe('two apps in use, on a cluster whose slots move from master to master', () => {
  let cluster: RedisCluster;
  let apps: TwoApps;

  beforeAll(async () => {
    cluster = await RedisCluster.start(3);
  }, 30_000);
  afterAll(() => cluster.stop());
  beforeEach(async () => {
    await cluster.flush();
    apps = await TwoApps.start({ clusterNodes: cluster.nodes });
  });
  afterEach(() => apps.close());

  const move = async (key: string, between?: () => Promise<void>): Promise<void> => {
    const from = await cluster.ownerOf(key);
    const to = cluster.masters[(cluster.masters.indexOf(from) + 1) % cluster.masters.length] as RedisServer;
    await cluster.migrate(slotOf(key), { from, to }, { keys: [key], ...(between && { between }) });
  };
  const serverAt = (port?: number): RedisServer => cluster.masters.find((each) => each.port === port) as RedisServer;
  const keyOn = async (master: RedisServer): Promise<string> => {
    for (let count = 1; ; count++) if ((await cluster.ownerOf(`walk:${count}`)) === master) return `walk:${count}`;
  };
  /** How often servers have answered with such an error. */
  const countOf = async (error: string): Promise<number> => {
    const stats = await Promise.all(cluster.masters.map((master) => master.command('INFO', 'errorstats')));
    return stats.reduce<number>(
      (sum, text) => sum + Number(RegExp(`errorstat_${error}:count=(\\d+)`).exec(String(text))?.[1] ?? 0),
      0,
    );
  };

  it('are answered for keys and groups that are on their way, and hear of them where they arrive', async () => {
    const before = { ask: await countOf('ASK'), moved: await countOf('MOVED') };
    const groups = ['tag:third-0', 'tag:batch', 'tag:reports', 'resource:row:0', 'ns:even'].map(
      (id) => `${PREFIX}:~v:${id}`,
    );
    const keys = [...groups, ...THINGS.filter((_, index) => index % 3 === 0).map(storageKeyOf)];
    const outcome = await underTraffic(apps, {
      happen: async () => {
        for (const key of keys) await move(key);
      },
    });
    expectPromisesKept(outcome.report);
    expect(await countOf('ASK')).toBeGreaterThan(before.ask);
    expect(await countOf('MOVED')).toBeGreaterThan(before.moved);
    expect(apps.lines).toEqual([]);
    await expectAllHeard(apps, (key) => cluster.ownerOf(key));
    recordTopology('cluster: slots move between masters', 'answers of the cache', outcome);
  });

  it.each([
    ['one', (thing: Thing) => apps.ask(apps.all[1], thing)],
    [
      'many over all slots',
      (thing: Thing) => apps.askBatch(apps.all[1]).then((copies) => copies[OF_BATCH.indexOf(thing)]),
    ],
  ])('find what is half way, and do not what was invalidated there: %s', async (_what, ask) => {
    const thing = OF_BATCH[0] as Thing;
    await move(storageKeyOf(thing), async () => {
      expect(await ask(thing)).toMatchObject({ version: 1 });
      expect(apps.all[1].cache.outcomeOf(await ask(thing))?.status).toBe('hit');
      apps.truth.change([thing]);
      expect(await apps.all[0].cache.invalidate({ key: thing.id })).toEqual({ acknowledged: true });
      expect(await apps.ask(apps.all[0], thing)).toMatchObject({ version: 2 });
      apps.truth.change([thing]);
      expect(await apps.all[0].cache.invalidate({ tag: 'batch' })).toEqual({ acknowledged: true });
      expect(await apps.ask(apps.all[0], thing)).toMatchObject({ version: 3 });
    });
    for (const app of apps.all) expect(await apps.ask(app, thing)).toMatchObject({ version: 3 });
  });

  it.each([
    ['find by pattern what goes from a master that is walked later to one that was walked before', true],
    ['would not, if slots on their way went unnoticed', false],
  ])('%s', async (_what, isNoticed) => {
    await cluster.flush();
    const client = new Cluster(cluster.nodes.map((node) => ({ host: '127.0.0.1', port: Number(node.split(':')[1]) })));
    await client.set('walk:0', '1');
    const [walkedFirst, , walkedLast] = client.nodes('master').map(({ options }) => serverAt(options.port)) as [
      RedisServer,
      RedisServer,
      RedisServer,
    ];
    const key = await keyOn(walkedLast);
    await client.set(key, '1');
    let scans = 0;
    const deletion = await deleteMatching(client, 'walk:*', {
      scan: async (command) => {
        const value = await command();
        if (++scans === 1) await cluster.migrate(slotOf(key), { from: walkedLast, to: walkedFirst });
        return { ok: true, value };
      },
      slots: async (command) => ({ ok: true, value: isNoticed ? await command() : AT_REST }),
      unlink: async (command) => ({ ok: true, value: await command() }),
      isOurs: () => true,
    });
    expect(deletion).toEqual({ deleted: isNoticed ? 2 : 1, complete: true });
    expect(await client.exists(key)).toBe(isNoticed ? 0 : 1);
    client.disconnect();
  });

  it('delete by pattern what is on any master, also half way', async () => {
    const things = THINGS.filter(({ id }) => id.startsWith('even:'));
    const [first] = things as [Thing];
    await move(storageKeyOf(first), async () => {
      for (const thing of things) await apps.all[0].cache.set(thing.id, apps.truth.copyOf(thing.id), policyOf(thing));
      apps.truth.change(things);
      expect(await apps.all[0].cache.invalidate({ pattern: 'even:*' })).toEqual({ acknowledged: true });
      for (const thing of things) expect(await apps.ask(apps.all[0], thing)).toMatchObject({ version: 2 });
    });
  });
});
