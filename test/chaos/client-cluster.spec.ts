import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { slotOf } from '../../src/tiers/redis/cluster/slots.js';
import { RedisCluster } from '../support/redis-cluster.js';
import { type OpenedRedis, openHandles, openRedis, timed, until } from '../support/redis-kit.js';
import type { RedisServer } from '../support/redis-server.js';

const DEADLINE_MS = 100 + 60;

describe('a client on a cluster of which one master is lost', () => {
  let cluster: RedisCluster;
  let lost: RedisServer;
  let opened: OpenedRedis;

  beforeAll(async () => {
    cluster = await RedisCluster.start(3);
    lost = cluster.masters[1] as RedisServer;
  }, 30_000);
  afterAll(() => cluster.stop());

  beforeEach(async () => {
    opened = await openRedis({ mode: 'cluster', nodes: cluster.nodes });
    expect(await opened.store.ready(5_000)).toBe(true);
    for (const key of KEYS) expect(await opened.client.set(key, key)).toBe(true);
  });
  afterEach(async () => {
    lost.resume();
    await opened.client.close();
    if (lost.pid === undefined) await lost.restart();
    await cluster.untilItWorks();
  }, 20_000);

  const isServed = (key: string) => opened.client.get(key).then((value) => value === key);

  it.each([
    ['killed', () => lost.kill()],
    ['hung', () => Promise.resolve(lost.pause())],
  ])('serves the others and costs little, when it is %s', async (_what, lose) => {
    expect((await opened.store.health()).nodes).toEqual({ total: 3, ready: 3 });
    await lose();
    const times: number[] = [];
    const end = performance.now() + 2_000;
    while (performance.now() < end) {
      const { value, ms } = await timed(() => opened.client.get(ON_LOST));
      expect(value).toBeNull();
      times.push(ms);
      expect(await isServed(ON_OTHERS[0])).toBe(true);
      expect(await isServed(ON_OTHERS[1])).toBe(true);
      await sleep(5);
    }
    expect(Math.max(...times)).toBeLessThan(DEADLINE_MS);
    // Who finds out that it hangs waits, and who comes just as its connection is given up.
    expect(times.filter((ms) => ms > 30).length).toBeLessThanOrEqual(2);
    expect(await opened.client.getMany([ON_LOST])).toEqual([null]);
    expect((await opened.store.health()).nodes).toEqual({ total: 3, ready: 2 });
  });

  it('serves entries of the others to those who ask while somebody asks for one of it', async () => {
    lost.pause();
    const read = (key: string) => opened.store.entries.read([`test:${key}`], [], { withTtl: true });
    const [ofLost, ofOther] = await Promise.all([read(ON_LOST), timed(() => read(ON_OTHERS[0]))]);
    expect(ofLost).toEqual({ ok: false, reason: 'timeout' });
    expect(ofOther.value).toMatchObject({ ok: true, value: { entries: [{ bytes: Buffer.from(ON_OTHERS[0]) }] } });
    expect(ofOther.ms).toBeLessThan(80);
  });

  it('does not claim to have deleted what it could not reach', async () => {
    await lost.kill();
    await opened.client.invalidatePattern('*');
    expect(opened.events.of('invalidate')).toEqual([{ target: 'pattern', acknowledged: false }]);
    await until(() => opened.client.get(ON_LOST).then((value) => value === null));
    await opened.client.invalidatePattern('*');
    expect(opened.events.of('invalidate').at(-1)).toEqual({ target: 'pattern', acknowledged: false });
  });

  it('is served again when it is back', async () => {
    await lost.kill();
    await until(() => isServed(ON_LOST).then((served) => !served));
    await sleep(300);
    await lost.restart();
    await until(() => opened.client.set(ON_LOST, ON_LOST), 5_000);
    await until(() => isServed(ON_LOST), 5_000);
  });

  it('leaves nothing open once it is closed, though all nodes hang', async () => {
    await opened.client.close();
    const before = openHandles();
    const other = await openRedis({ mode: 'cluster', nodes: cluster.nodes });
    expect(await other.store.ready(5_000)).toBe(true);
    for (const key of KEYS) await other.client.get(key);
    for (const master of cluster.masters) master.pause();
    for (const key of KEYS) await other.client.get(key);
    await sleep(1_200);
    await other.client.get(ON_LOST);
    await other.client.close();
    const isClean = until(() => openHandles() <= before, 100);
    await isClean.finally(() => cluster.masters.forEach((master) => master.resume()));
  });

  it('closes within half a second while it hangs', async () => {
    lost.pause();
    const waiting = opened.client.get(ON_LOST);
    const { ms } = await timed(() => opened.client.close());
    expect(ms).toBeLessThan(500);
    expect(await waiting).toBeNull();
  });
});

/** A key in each third of the slots, in their order. */
const KEYS = [0, 1, 2].map((third) => {
  for (let count = 0; ; count++) {
    const key = `key${count}`;
    if (Math.floor(slotOf(`test:${key}`) / (16_384 / 3)) === third) return key;
  }
});
const ON_LOST = KEYS[1] as string;
const ON_OTHERS = [KEYS[0] as string, KEYS[2] as string] as const;
