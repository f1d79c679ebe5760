import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createAgentCache } from '../../../src/composition/create-agent-cache.js';
import type { AgentCache } from '../../../src/core/cache.js';
import { RedisCluster } from '../../support/redis-cluster.js';
import { until, untilHeard } from '../../support/redis-kit.js';

const KEYS = Array.from({ length: 150 }, (_, index) => `many:${index}`);
const NEW_KEYS = KEYS.slice(50);
/** Of some 50 keys on each node, a read each would be far more. Tests of the channel and the question itself are some. */
const MOST_READS = 15;

let cluster: RedisCluster;
let cache: AgentCache;

beforeAll(async () => {
  cluster = await RedisCluster.start();
}, 30_000);
afterAll(() => cluster.stop());
beforeEach(async () => {
  await cluster.flush();
  cache = createAgentCache({ redis: { clusterNodes: cluster.nodes, timeout: '1s' } });
  await until(() => cache.setMany(KEYS.slice(0, 50).map((key) => [key, `loaded ${key}`])));
  await Promise.all(cluster.masters.map((master) => untilHeard(master, 1)));
});
afterEach(() => cache.close());

describe('many at once on a cluster', () => {
  it('are read in one round trip per node, and what is missing is loaded in one call and stored in some more', async () => {
    const asked: string[][] = [];
    const load = (missing: string[]): Promise<string[]> => {
      asked.push(missing);
      return Promise.resolve(missing.map((key) => `loaded ${key}`));
    };
    const before = await readsOfEach();
    const loaded = await cache.getOrLoadMany(KEYS, load);
    expect(loaded).toEqual(KEYS.map((key) => `loaded ${key}`));
    expect(asked).toEqual([NEW_KEYS]);
    const after = await readsOfEach();
    expect(await cache.getOrLoadMany(KEYS, load, { memory: false })).toEqual(loaded);
    const atLast = await readsOfEach();
    for (const [from, to] of [
      [before, after],
      [after, atLast],
    ] as const) {
      for (const [node, count] of to.entries()) expect(count - (from[node] as number)).toBeLessThan(MOST_READS);
    }
    expect(asked).toHaveLength(1);
  });
});

/** How often each node has read from its connections: commands that come together are read together. */
function readsOfEach(): Promise<number[]> {
  return Promise.all(
    cluster.masters.map(async (master) => {
      const info = String(await master.command('INFO', 'stats'));
      return Number(/total_reads_processed:(\d+)/.exec(info)?.[1]);
    }),
  );
}
