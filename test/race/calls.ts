import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentCache } from '../../src/core/cache.js';
import { nowMs } from './world.js';

export interface Calls {
  readonly key: string;
  readonly count: number;
  readonly loadMs: number;
  /** When they begin, by the clock that all processes share. */
  readonly atMs?: number;
}

export interface CallsOutcome {
  readonly loads: number;
  /** What the callers got, each value once. */
  readonly values: readonly unknown[];
  readonly answered: number;
}

/** Calls for one key, all at once. What is loaded is unlike anything that is loaded elsewhere. */
export async function callAtOnce(cache: AgentCache, { key, count, loadMs, atMs = 0 }: Calls): Promise<CallsOutcome> {
  let loads = 0;
  const load = async (): Promise<string> => {
    loads++;
    const value = `${process.pid} ${nowMs()}`;
    await sleep(loadMs);
    return value;
  };
  await sleep(Math.max(0, atMs - nowMs()));
  const values = await Promise.all(Array.from({ length: count }, () => cache.getOrLoad(key, load)));
  return { loads, values: [...new Set(values)], answered: values.length };
}
