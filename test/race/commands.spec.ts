import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createAgentCache } from '../../src/composition/create-agent-cache.js';
import type { AgentCache } from '../../src/core/cache.js';
import { until } from '../support/redis-kit.js';
import { RedisServer } from '../support/redis-server.js';
import { Monitor } from './monitor.js';

const KEYS = 100_000;
/** As many as may be under way at once, with room to spare. */
const CHUNK = 200;
const BUILD_UP_MS = 120_000;
const HITS = 1_000;

let server: RedisServer;
let cache: AgentCache;

beforeAll(async () => {
  server = await RedisServer.start();
  cache = createAgentCache({ prefix: 'race', redis: { url: server.url, timeout: '2s' } });
  await until(() => cache.set('probe:here', 1));
});
afterAll(async () => {
  await cache.close();
  await server.stop();
});

describe('what the cache asks of Redis', () => {
  it.each([0, 1, 5])('is nothing for 1,000 hits in memory with %i tags, over a second', async (count) => {
    const policy = { tags: Array.from({ length: count }, (_, index) => `tag-${index}`) };
    const call = () => cache.getOrLoad(`hit:${count}`, async () => ({ text: 'as loaded' }), policy);
    await until(async () => cache.outcomeOf(await call())?.tier === 'memory');
    const monitor = await Monitor.start(server);
    let hits = 0;
    while (hits < HITS) {
      const result = await call();
      expect(cache.outcomeOf(result)).toMatchObject({ status: 'hit', tier: 'memory' });
      if (++hits % 10 === 0) await sleep(9);
    }
    expect(await monitor.stop()).toEqual([]);
  });

  it(
    'is one command to invalidate 100,000 keys under a tag',
    async () => {
      const policy = { tags: ['many'] };
      for (let from = 0; from < KEYS; from += CHUNK) {
        const entries = Array.from({ length: CHUNK }, (_, index) => [`many:${from + index}`, from + index] as const);
        await until(() => cache.setMany(entries, policy));
      }
      const sample = Array.from({ length: CHUNK }, (_, index) => `many:${(index * KEYS) / CHUNK}`);
      expect((await cache.getMany(sample, policy)).filter((value) => value !== undefined)).toHaveLength(CHUNK);
      const monitor = await Monitor.start(server);
      expect(await cache.invalidate({ tag: 'many' })).toEqual({ acknowledged: true });
      expect(await monitor.stop()).toEqual([expect.stringMatching(/"set" "race:~v:tag:many"/i)]);
      expect(await cache.getMany(sample, policy)).toEqual(sample.map(() => undefined));
    },
    BUILD_UP_MS,
  );
});
