import { afterAll, beforeAll, expect } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { openRedis } from '../support/redis-kit.js';
import { RedisServer } from '../support/redis-server.js';
import { describeEntries } from './entry-store.contract.js';

let server: RedisServer;

beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server.stop());

describeEntries('standalone', async () => {
  await server.command('FLUSHALL');
  const { store } = await openRedis(server.url, { timeoutMs: 1_000 });
  expect(await store.ready(5_000)).toBe(true);
  return { store, elapse: (ms) => sleep(ms), dispose: () => store.close() };
});
