import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createAgentCache } from '../../../src/composition/create-agent-cache.js';
import type { AgentCache } from '../../../src/core/cache.js';

setFlagsFromString('--expose_gc');
const collectGarbage = runInNewContext('gc') as () => void;

let cache: AgentCache;
/** What was loaded, as long as anything holds it. */
let loaded: WeakRef<object>[];

beforeEach(() => {
  cache = createAgentCache({ memory: { maxBytes: 200_000 } });
  loaded = [];
});
afterEach(() => cache.close());

function load(): { rows: string[] } {
  const value = { rows: Array.from({ length: 1_000 }, (_, row) => `${loaded.length}:${row}`) };
  loaded.push(new WeakRef(value));
  return value;
}

async function countHeld(): Promise<number> {
  for (let round = 0; round < 4; round++) {
    await sleep(5);
    collectGarbage();
  }
  return loaded.filter((value) => value.deref()).length;
}

/** Node hands the asynchronous context of a load on to all that it leaves running. */
describe('what a load has left running holds', () => {
  it('none of the loads before it, where each begins the next', async () => {
    const ROUNDS = 200;
    await new Promise<void>((resolve) => {
      const refresh = (round: number): void => {
        const loading = cache.getOrLoad(`k:${round}`, async () => {
          if (round < ROUNDS) setTimeout(() => refresh(round + 1), 1);
          return load();
        });
        void loading.then(() => (round === ROUNDS ? resolve() : undefined));
      };
      refresh(0);
    });
    expect(await countHeld()).toBeLessThan(10);
  });

  it('no value, where it lives for ever', async () => {
    const timers: NodeJS.Timeout[] = [];
    for (let round = 0; round < 50; round++) {
      await cache.getOrLoad(`k:${round}`, async () => {
        timers.push(setInterval(() => undefined, 60_000));
        return load();
      });
    }
    const held = await countHeld();
    for (const timer of timers) clearInterval(timer);
    expect(held).toBeLessThan(10);
  });

  it('(is found where something does hold it)', async () => {
    const holders: unknown[] = [];
    for (let round = 0; round < 20; round++) holders.push(await cache.getOrLoad(`k:${round}`, async () => load()));
    expect(await countHeld()).toBe(holders.length);
  });
});
