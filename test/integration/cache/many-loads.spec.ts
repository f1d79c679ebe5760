import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createAgentCache } from '../../../src/composition/create-agent-cache.js';
import type { AgentCache } from '../../../src/core/cache.js';
import { until } from '../../support/redis-kit.js';
import { RedisServer } from '../../support/redis-server.js';

/** More than may be under way at once. */
const LOADS = 900;
/** A lease that is not kept up is taken over after 2 s. */
const LONG_MS = 2_600;

let server: RedisServer;
let caches: AgentCache[];

beforeEach(async () => {
  server = await RedisServer.start();
  caches = [1, 2].map(() => createAgentCache({ redis: { url: server.url, timeout: '2s' } }));
  for (const cache of caches) await until(() => cache.set('doc:0', 1));
});
afterEach(async () => {
  for (const cache of caches) await cache.close();
  await server.stop();
});

describe('a process with more long loads than commands may be under way', () => {
  it('keeps the leases of all of them up, and turns no other call away', async () => {
    const [here, there] = caches as [AgentCache, AgentCache];
    const keys = Array.from({ length: LOADS }, (_, number) => `doc:${number + 1}`);
    const end = new AbortController();
    const whenEnded = new Promise<void>((resolve) => end.signal.addEventListener('abort', () => resolve()));
    const loadMissing = (missing: string[]): Promise<string[]> => whenEnded.then(() => missing);
    let running = 0;
    const long = here.getOrLoadMany(keys, (missing) => (running++, loadMissing(missing)));
    await until(() => running === 1);
    const refused: string[] = [];
    here.on('error', ({ reason }) => refused.push(reason));
    for (const endMs = performance.now() + LONG_MS; performance.now() < endMs; await sleep(1))
      await here.get('doc:none');
    expect(refused).toEqual([]);
    let loads = 0;
    const others = there.getOrLoadMany(keys, async (missing) => (loads++, missing));
    await sleep(300);
    end.abort();
    expect(await long).toEqual(keys);
    expect(await others).toEqual(keys);
    expect(loads).toBe(0);
  }, 20_000);
});
