import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentCache } from '../../src/core/cache.js';

const CALLS_PER_MS = 5;
const KEYS = 500;
const INVALIDATE_EVERY = 100;
const TEXT = 'x'.repeat(500);
const COLLECTIONS = 3;

export interface OverloadOutcome {
  readonly calls: number;
  readonly answered: number;
  /** The most that was held once the collector was through, above what it was at the start. */
  readonly grownBytes: number;
}

/** 5,000 calls a second, whether they are answered or not. Needs `--expose-gc`. */
export async function overload(cache: AgentCache, { seconds }: { readonly seconds: number }): Promise<OverloadOutcome> {
  const before = await heldBytes();
  const startedAtMs = performance.now();
  const durationMs = seconds * 1_000;
  let [calls, answered, most, looks] = [0, 0, before, 0];
  const call = async (): Promise<void> => {
    const number = calls++;
    // Half of the calls are for what was asked before, half for what never was; some invalidate.
    const key = `thing:${number % 2 === 0 ? number % KEYS : number}`;
    if (number % INVALIDATE_EVERY === 0) await cache.invalidate(number % 3 === 0 ? { key } : { tag: `tag-${number}` });
    else await cache.getOrLoad(key, async () => ({ number, text: TEXT }), { tags: ['all'] });
    answered++;
  };
  for (let ms = 0; ms < durationMs; ms = performance.now() - startedAtMs) {
    while (calls < ms * CALLS_PER_MS) void call();
    if (ms > 1_000 * (looks + 1)) {
      looks++;
      most = Math.max(most, await heldBytes());
    }
    await sleep(1);
  }
  while (calls < durationMs * CALLS_PER_MS) void call();
  most = Math.max(most, await heldBytes());
  await sleep(300);
  return { calls, answered, grownBytes: most - before };
}

/** The collector frees buffers in the background, and some in the next round. */
async function heldBytes(): Promise<number> {
  for (let round = 0; round < COLLECTIONS; round++) {
    (globalThis.gc as () => void)();
    await sleep(10);
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
