import { afterAll, beforeAll, expect } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { RedisCluster } from '../support/redis-cluster.js';
import { openRedis } from '../support/redis-kit.js';
import { describeEntries } from './entry-store.contract.js';

let cluster: RedisCluster;

beforeAll(async () => {
  cluster = await RedisCluster.start();
}, 30_000);
afterAll(() => cluster.stop());

describeEntries('cluster', async () => {
  await cluster.flush();
  const { store } = await openRedis({ mode: 'cluster', nodes: cluster.nodes }, { timeoutMs: 1_000 });
  expect(await store.ready(5_000)).toBe(true);
  return { store, elapse: (ms) => sleep(ms), dispose: () => store.close() };
});
