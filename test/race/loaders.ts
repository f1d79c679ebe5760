import { setTimeout as sleep } from 'node:timers/promises';
import type { LoadContext } from '../../src/core/policy/cache-policy.js';
import type { LoadPlan } from './plan.js';
import type { Recorder } from './recorder.js';
import type { Truth } from './truth.js';
import type { Value } from './world.js';

/** What a loader fails with when its plan says so. */
export class PlannedFailure extends Error {}

/** Loads what is true, as slowly as planned. */
export class Loaders {
  private running = 0;

  constructor(
    private readonly truth: Truth,
    private readonly recorder: Recorder,
  ) {}

  /** No load is under way, also none that nobody waits for any more. */
  get areIdle(): boolean {
    return this.running === 0;
  }

  async load(keys: readonly string[], plan: LoadPlan, load?: LoadContext): Promise<Value[]> {
    this.recorder.count('loads');
    this.running++;
    try {
      if (plan.beforeMs > 0) await sleep(plan.beforeMs);
      const versions = await this.truth.versions(keys);
      if (plan.afterMs > 0) await sleep(plan.afterMs);
      if (plan.ending === 'fails') throw new PlannedFailure('as planned');
      if (plan.ending === 'skips') load?.skip('as planned');
      if (plan.ending === 'shortens') load?.ttl('40ms');
      return keys.map((key, index) => ({ key, version: versions[index] ?? 0 }));
    } finally {
      this.running--;
    }
  }
}
