import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { slotOf } from '../../src/tiers/redis/cluster/slots.js';
import { openHandles, timed, until } from '../support/redis-kit.js';
import { CLUSTER_ARGS, RedisCluster } from '../support/redis-cluster.js';
import { RedisServer } from '../support/redis-server.js';
import { openTracked, type TrackedRedis, whileHolds } from '../support/tracked-redis.js';

const LEASE_MS = 500;
/** What a turn of the event loop may add on a busy machine. */
const SLACK_MS = 40;
const SLOTS = 16_384;

describe('hearing what others change in a cluster', () => {
  let cluster: RedisCluster;
  let tracked: TrackedRedis;
  let joining: RedisServer | null = null;

  beforeAll(async () => {
    cluster = await RedisCluster.start();
    tracked = await openTracked({ mode: 'cluster', nodes: cluster.nodes }, { connections: 2 });
    await tracked.untilFresh();
  }, 30_000);
  beforeEach(async () => {
    for (const master of cluster.masters) master.resume();
    await tracked.untilFresh();
    tracked.told.forget();
  });
  afterAll(async () => {
    await tracked.store.close();
    await Promise.all([joining?.stop(), cluster.stop()]);
  });

  const masterAt = (index: number) => cluster.masters[index] as RedisServer;
  /** A key that one of the masters owned from the beginning. */
  const keyOn = (index: number, name: string): string => {
    const share = Math.ceil(SLOTS / cluster.masters.length);
    for (let number = 0; ; number++) {
      const key = `app:${name}:${number}`;
      if (Math.floor(slotOf(key) / share) === index) return key;
    }
  };
  const nodeId = async (server: RedisServer) => String(await server.command('CLUSTER', 'MYID'));
  const hears = async (server: RedisServer, key: string) => {
    await server.command('SET', key, 1);
    await until(() => tracked.told.countOf(key) > 0);
  };
  const move = async (
    slot: number,
    from: RedisServer,
    to: RedisServer,
    keys: readonly string[],
    between = () => Promise.resolve(),
  ) => {
    await to.command('CLUSTER', 'SETSLOT', slot, 'IMPORTING', await nodeId(from));
    await from.command('CLUSTER', 'SETSLOT', slot, 'MIGRATING', await nodeId(to));
    for (const key of keys) await from.command('MIGRATE', '127.0.0.1', to.port, key, 0, 1_000);
    await between();
    // Canaries may stand there as well; new ones go to the new master already.
    const rest = async () =>
      [(await from.command('CLUSTER', 'GETKEYSINSLOT', slot, 100)) as unknown].flat() as Buffer[];
    await until(async () => {
      for (const key of await rest()) await from.command('MIGRATE', '127.0.0.1', to.port, key, 0, 1_000);
      return (await rest()).length === 0;
    });
    const owner = await nodeId(to);
    for (const server of [to, from]) await server.command('CLUSTER', 'SETSLOT', slot, 'NODE', owner);
  };

  it.each([0, 1, 2])('hears master %i', async (index) => {
    await hears(masterAt(index), keyOn(index, 'outside'));
    expect(tracked.isFresh()).toBe(true);
  });

  it('has heard all of them when it is settled', async () => {
    const keys = [0, 1, 2].map((index) => keyOn(index, 'settled'));
    await Promise.all(keys.map((key, index) => masterAt(index).command('SET', key, 1)));
    expect(await tracked.store.changes.settled()).toBe(true);
    expect(new Set(tracked.told.all)).toEqual(new Set(keys));
  });

  it('hears of own writes at once and again when they are settled', async () => {
    const keys = [0, 1, 2].map((index) => keyOn(index, 'own'));
    const writing = tracked.store.setMany(keys.map((key) => ({ key, value: Buffer.from('v'), ttlMs: 60_000 })));
    expect(tracked.told.all).toEqual(keys);
    await writing;
    for (const key of keys) expect(tracked.told.countOf(key)).toBeGreaterThanOrEqual(2);
  });

  it.each([0, 1, 2])(
    'is not fresh when the channel to master %i is lost, and is again with the next one',
    async (index) => {
      await masterAt(index).command('CLIENT', 'KILL', 'TYPE', 'pubsub');
      await until(() => !tracked.isFresh(), LEASE_MS);
      await tracked.untilFresh();
      expect(tracked.told.countOf(null)).toBe(2);
      await hears(masterAt(index), keyOn(index, 'again'));
    },
  );

  it('is not fresh for longer than the lease when one master hangs', async () => {
    masterAt(1).pause();
    expect(await whileHolds(tracked.isFresh, 3_000)).toBeLessThan(LEASE_MS + SLACK_MS);
    expect(await tracked.store.changes.settled()).toBe(false);
    masterAt(1).resume();
    await tracked.untilFresh();
    await hears(masterAt(1), keyOn(1, 'hung'));
  });

  it('knows nothing for certain when a slot goes from one master to another, and hears the new one', async () => {
    const key = keyOn(0, 'moving');
    const slot = slotOf(key);
    await masterAt(0).command('SET', key, 1);
    await tracked.store.changes.settled();
    tracked.told.forget();
    await move(slot, masterAt(0), masterAt(1), [key]);
    // The present place is found by a command that is redirected, or by the next look at the map.
    await until(() => tracked.told.countOf(null) > 0);
    expect(tracked.told.countOf(key)).toBeGreaterThan(0);
    await tracked.untilFresh();
    await hears(masterAt(1), key);
    await move(slot, masterAt(1), masterAt(0), [key]);
    await until(() => tracked.told.countOf(null) > 1);
  });

  it('serves nothing that a new master has told before that is heard too', async () => {
    const args = [...CLUSTER_ARGS, '--cluster-allow-replica-migration', 'no'];
    joining = await RedisServer.start({ args });
    const server = joining;
    const key = keyOn(2, 'joining');
    const slot = slotOf(key);
    await masterAt(2).command('SET', key, 'v');
    await server.command('CLUSTER', 'MEET', '127.0.0.1', masterAt(0).port);
    const knows = async (master: RedisServer) =>
      String(await master.command('CLUSTER', 'NODES')).includes(`:${server.port}@`);
    await until(async () => (await Promise.all(cluster.masters.map(knows))).every(Boolean));
    await until(async () => /state:ok[^]*size:3/.test(String(await server.command('CLUSTER', 'INFO'))));
    tracked.told.forget();
    await move(slot, masterAt(2), server, [key], async () => {
      // Half way: the old master redirects to a new one that owns nothing yet and that nobody listens to.
      expect(await tracked.store.get(key)).toMatchObject({ ok: true, value: Buffer.from('v') });
      expect(tracked.isFresh()).toBe(false);
      expect(tracked.told.countOf(null)).toBeGreaterThan(0);
    });
    await until(async () => String(await server.command('CLIENT', 'LIST')).includes('cmd=subscribe'));
    await tracked.untilFresh();
    await hears(server, key);
    await move(slot, server, masterAt(2), [key]);
    await until(async () => !String(await server.command('CLIENT', 'LIST')).includes('cmd=subscribe'));
    await tracked.untilFresh();
    for (const master of cluster.masters) await master.command('CLUSTER', 'FORGET', await nodeId(server));
  });

  it('ends within half a second and leaves nothing open, though a master hangs', async () => {
    const before = openHandles();
    const other = await openTracked({ mode: 'cluster', nodes: cluster.nodes });
    await other.untilFresh();
    masterAt(2).pause();
    const { ms } = await timed(() => other.store.close());
    expect(ms).toBeLessThan(500);
    await until(() => openHandles() <= before, 200);
  });
});
