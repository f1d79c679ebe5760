import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { slotOf } from '../../../src/tiers/redis/cluster/slots.js';
import type { RedisOptions } from '../../../src/core/policy/options.js';
import { type Denial, denialsIn, rightsIn, userWith } from '../../support/acl-lines.js';
import { CachedApp } from '../../support/cached-app.js';
import { everyFeature } from '../../support/every-feature.js';
import { CLUSTER_ARGS, RedisCluster } from '../../support/redis-cluster.js';
import { until } from '../../support/redis-kit.js';
import { RedisSentinels } from '../../support/redis-sentinels.js';
import { RedisServer, sendCommand } from '../../support/redis-server.js';

const SECRET = 'secret';
const BOUND_MS = 160;
/** What is to come about comes about, however busy the machine is. */
const PATIENT = { timeout: '2s' } as const;
/** Connections, each of which reads the map of slots every second, from any node: one of them soon asks the replica. */
const MANY = 12;
const FORBIDDEN = 'its ACL forbids the user of the cache to connect';

interface Trial {
  /** Whether entries are hit within a moment. */
  readonly hits: boolean;
  /** The most that a call took, in milliseconds. */
  readonly slowestMs: number;
  readonly logged: string[];
  readonly denials: Denial[];
}

/** Asks some times by either way; a wrong answer rejects. */
async function ask(app: CachedApp): Promise<Pick<Trial, 'hits' | 'slowestMs'>> {
  let slowestMs = 0;
  const once = async (): Promise<boolean> => {
    const asked = [await app.viaCache(), await app.viaMethod()];
    for (const { report, ms } of asked) {
      expect(report).toEqual({ id: 'a', version: 1 });
      slowestMs = Math.max(slowestMs, ms);
    }
    return asked.every(({ isHit }) => isHit);
  };
  const hits = await until(once, 400).then(
    () => true,
    () => false,
  );
  return { hits, slowestMs };
}

describe('the rights that the page names for a cluster', () => {
  const extra = rightsIn('cluster');
  const base = rightsIn('cache');
  const slot = slotOf('agent-cache:moving');
  let cluster: RedisCluster;
  let replica: RedisServer;

  const nodes = (): RedisServer[] => [...cluster.masters, replica];
  const all = (...args: string[]): Promise<unknown[]> => Promise.all(nodes().map((node) => node.command(...args)));

  beforeAll(async () => {
    cluster = await RedisCluster.start(2);
    replica = await RedisServer.start({ args: CLUSTER_ARGS });
    const [first, second] = cluster.masters as [RedisServer, RedisServer];
    const [from, to] = (await Promise.all([first, second].map((node) => node.command('CLUSTER', 'MYID')))).map(String);
    await replica.command('CLUSTER', 'MEET', '127.0.0.1', first.port);
    await until(async () => String(await replica.command('CLUSTER', 'NODES')).includes(String(to)), 10_000);
    await replica.command('CLUSTER', 'REPLICATE', String(from));
    await until(async () => String(await second.command('CLUSTER', 'SLOTS')).includes(String(replica.port)), 10_000);
    // The slot is on its way from one to the other.
    const [owner, target] = slot < 8_192 ? [first, second] : [second, first];
    const [ownerId, targetId] = slot < 8_192 ? [from, to] : [to, from];
    await target.command('CLUSTER', 'SETSLOT', slot, 'IMPORTING', String(ownerId));
    await owner.command('CLUSTER', 'SETSLOT', slot, 'MIGRATING', String(targetId));
  }, 40_000);
  afterAll(() => Promise.all([cluster.stop(), replica.stop()]));

  const start = (options: RedisOptions = {}): Promise<CachedApp> =>
    CachedApp.start({
      prefix: 'agent-cache',
      redis: { clusterNodes: cluster.nodes, username: 'agent-cache', password: SECRET, ...options },
    });
  const allow = async (rights: readonly string[]): Promise<void> => {
    await all('ACL', 'LOG', 'RESET');
    await all(...userWith('agent-cache', SECRET, rights));
  };
  const denials = async (): Promise<Denial[]> => (await all('ACL', 'LOG')).flatMap(denialsIn);

  it('are enough, also while a slot moves, and nothing is refused', async () => {
    await cluster.flush();
    await allow([...base, ...extra]);
    const { failed, logged } = await everyFeature(() => start(PATIENT), 2_000);
    expect({ failed, logged }).toEqual({ failed: [], logged: [[], []] });
    const app = await start({ connections: MANY });
    await until(async () => (await app.client.set('moving', 'v')) && (await app.client.get('moving')) === 'v');
    await until(async () => String(await replica.command('INFO', 'commandstats')).includes('cluster|slots'), 10_000);
    await app.close();
    expect(await denials()).toEqual([]);
  });

  it.each(extra)('are no more than it needs: without %s', async (right) => {
    await allow([...base, ...extra.filter((other) => other !== right)]);
    const app = await start({ connections: MANY });
    const found = await ask(app);
    const isMoved = await app.client.set('moving', 'v');
    await app.cache.invalidate({ pattern: 'nothing:*' });
    await until(async () => (await denials()).length > 0, 10_000);
    const { logged } = app;
    await app.close();
    expect(found.slowestMs).toBeLessThan(BOUND_MS);
    expect((await denials()).map(({ what }) => what)).toContain(right.slice(1));
    // Without these two, nothing but the server's own log tells of it.
    const isQuiet = right === '+client|setname' || right === '+readonly';
    const isNeeded = right === '+cluster|slots' || right === '+cluster|info';
    expect(found.hits).toBe(!isNeeded);
    expect(isMoved).toBe(isQuiet || right === '+cluster|nodes');
    const said = expect.stringContaining(`Redis refuses ${right} to the user of the cache`);
    const away = expect.stringContaining(FORBIDDEN);
    expect(logged).toEqual(isQuiet ? [] : isNeeded ? [said, away] : [said]);
  });
});

describe('the rights that the page names for sentinels', () => {
  const rights = rightsIn('sentinel').filter((right) => right !== 'resetchannels');
  let sentinels: RedisSentinels;

  const port = (): number => Number(sentinels.addresses[0]?.split(':')[1]);

  beforeAll(async () => {
    sentinels = await RedisSentinels.start();
    for (const server of [sentinels.master, sentinels.replica]) {
      await server.command(...userWith('agent-cache', SECRET, [...rightsIn('cache'), ...rightsIn('replicas')]));
    }
    await sendCommand(port(), ['ACL', 'SETUSER', 'default', 'on', 'nopass', '+@all', 'allchannels']);
  }, 30_000);
  afterAll(() => sentinels.stop());

  const start = (options: RedisOptions = {}): Promise<CachedApp> =>
    CachedApp.start({
      prefix: 'agent-cache',
      redis: {
        sentinels: sentinels.addresses,
        sentinelName: sentinels.name,
        username: 'agent-cache',
        password: SECRET,
        sentinelUsername: 'watcher',
        sentinelPassword: 'of the sentinels',
        minReplicas: 1,
        ...options,
      },
    });
  const allow = async (given: readonly string[]): Promise<void> => {
    await sendCommand(port(), ['ACL', 'LOG', 'RESET']);
    await sendCommand(port(), userWith('watcher', 'of the sentinels', ['resetchannels', ...given]));
  };

  it('are enough, with a name and a password of their own, and nothing is refused', async () => {
    await sentinels.master.command('FLUSHALL');
    await allow(rights);
    const { failed, logged } = await everyFeature(() => start(PATIENT), 2_000);
    expect({ failed, logged }).toEqual({ failed: [], logged: [[], []] });
    const app = await start();
    await until(async () => (await sentinels.listenerCount()) > 0);
    await app.close();
    expect(denialsIn(await sendCommand(port(), ['ACL', 'LOG']))).toEqual([]);
    expect(denialsIn(await sentinels.master.command('ACL', 'LOG'))).toEqual([]);
  });

  it.each(rights)('are no more than it needs: without %s', async (right) => {
    await allow(rights.filter((other) => other !== right));
    const app = await start();
    const { hits, slowestMs } = await ask(app);
    await until(() => Promise.resolve(app.logged.length > 0));
    const logged = [...app.logged];
    await app.close();
    expect(slowestMs).toBeLessThan(BOUND_MS);
    // Failovers are found by losing the connection, where no news of them may be heard.
    const isOfNews = right === '+subscribe' || right === '&+switch-master';
    expect(hits).toBe(isOfNews);
    const what = right === '&+switch-master' ? 'the channel' : right;
    const said = expect.stringContaining(`Redis refuses ${what}`);
    expect(logged).toEqual(isOfNews ? [said] : [said, expect.stringContaining(FORBIDDEN)]);
  });

  it('are asked for with the password of the sentinels, not with that of the master', async () => {
    await allow(rights);
    const app = await start({ sentinelPassword: SECRET });
    const { hits, slowestMs } = await ask(app);
    await app.close();
    expect(hits).toBe(false);
    expect(slowestMs).toBeLessThan(BOUND_MS);
    expect(app.logged).toEqual([expect.stringMatching(/redis is unavailable \(it refuses the user or the password/)]);
  });
});
