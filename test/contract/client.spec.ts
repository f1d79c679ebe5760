import { afterAll, beforeAll } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { FakeClock } from '../../src/testing/fake-clock.js';
import { MemoryStore } from '../../src/tiers/memory/memory-store.js';
import { openRedis } from '../support/redis-kit.js';
import { RedisServer } from '../support/redis-server.js';
import { describeClient } from './client.contract.js';

let server: RedisServer;

beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server.stop());

describeClient('memory', () => {
  const clock = new FakeClock();
  const store = new MemoryStore({ maxBytes: 64 * 1024 * 1024, clock });
  return Promise.resolve({ store, elapse: (ms) => clock.advance(ms) });
});

describeClient('Redis', async () => {
  await server.command('FLUSHALL');
  const { store } = await openRedis(server.url, { timeoutMs: 1_000 });
  await store.ready(5_000);
  return { store, elapse: (ms) => sleep(ms) };
});
