import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createAgentCache } from '../../src/composition/create-agent-cache.js';
import type { AgentCache } from '../../src/core/cache.js';
import type { CacheOptions } from '../../src/core/policy/options.js';
import { Child } from '../support/child.js';
import { timed, until } from '../support/redis-kit.js';
import { RedisServer } from '../support/redis-server.js';
import { callAtOnce, type Calls, type CallsOutcome } from './calls.js';
import { nowMs } from './world.js';

const CALLER = resolve(import.meta.dirname, 'caller.ts');
const PROCESSES = 4;
const TIMES = 10;
/** A lease that its holder does not keep up is taken over after 2 s. */
const TAKEN_OVER_MS = 2_500;

let server: RedisServer;
let cache: AgentCache;
let options: CacheOptions;
const callers: Child[] = [];

const startCaller = async (): Promise<Child> => {
  const caller = await Child.start(CALLER);
  callers.push(caller);
  await caller.request('open', options);
  return caller;
};

beforeAll(async () => {
  server = await RedisServer.start();
  // With five busy processes on two cores, a command may take longer than by default is waited for.
  options = { prefix: 'race', redis: { url: server.url, timeout: '2s' } };
  cache = createAgentCache(options);
  await until(() => cache.set('probe:here', 1));
  await Promise.all(Array.from({ length: PROCESSES }, startCaller));
});
afterAll(async () => {
  await Promise.all(callers.map((caller) => caller.kill()));
  await cache.close();
  await server.stop();
});

describe('callers of a cold key', () => {
  it('share one load, 1,000 of one process', async () => {
    const outcome = await callAtOnce(cache, { key: 'cold:1000', count: 1_000, loadMs: 50 });
    expect(outcome).toEqual({ loads: 1, answered: 1_000, values: [expect.any(String)] });
  });

  it.each([
    ['a namespace that is used already', (time: number) => `used:${time}`],
    ['a namespace of its own', (time: number) => `fresh-${time}:1`],
  ])('share one load, 250 of each of four processes, time and again, in %s', async (_, keyOf) => {
    for (let time = 0; time < TIMES; time++) {
      const outcomes = await callEverywhere(keyOf(time));
      expect(outcomes.reduce((sum, { answered }) => sum + answered, 0)).toBe(1_000);
      expect(new Set(outcomes.flatMap(({ values }) => values)).size).toBe(1);
      expect(outcomes.reduce((sum, { loads }) => sum + loads, 0)).toBe(1);
    }
  });

  it('fail with the error of the loader, 20 of them after one run', async () => {
    const failure = new Error('the source is down');
    let runs = 0;
    const failing = async (): Promise<never> => {
      runs++;
      await sleep(20);
      throw failure;
    };
    const calls = await Promise.allSettled(Array.from({ length: 20 }, () => cache.getOrLoad('cold:failing', failing)));
    expect(calls).toEqual(Array.from({ length: 20 }, () => ({ status: 'rejected', reason: failure })));
    expect(runs).toBe(1);
  });

  it('wait for the process that loads, and for one load of another when it is killed', async () => {
    const key = 'cold:killed';
    const doomed = await startCaller();
    await doomed.request('hang', key);
    await until(() => doomed.request<boolean>('isLoading'));
    let answered = 0;
    const calls = callers.slice(0, 2).map(async (caller) => {
      const outcome = await caller.request<CallsOutcome>('call', { key, count: 10, loadMs: 20 } satisfies Calls);
      answered++;
      return outcome;
    });
    await sleep(1_000);
    expect(answered).toBe(0);
    await doomed.kill();
    const { value: outcomes, ms } = await timed(() => Promise.all(calls));
    expect(ms).toBeLessThan(TAKEN_OVER_MS);
    expect(outcomes.map(({ loads }) => loads).sort()).toEqual([0, 1]);
    expect(new Set(outcomes.flatMap(({ values }) => values)).size).toBe(1);
  });
});

function callEverywhere(key: string): Promise<CallsOutcome[]> {
  const calls: Calls = { key, count: 250, loadMs: 30, atMs: nowMs() + 30 };
  return Promise.all(callers.slice(0, PROCESSES).map((caller) => caller.request<CallsOutcome>('call', calls)));
}
