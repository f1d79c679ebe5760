import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../race/random.js';
import type { Truth } from '../race/truth.js';
import { nowMs } from '../race/world.js';
import type { LoadRecord } from './records.js';
import { type Thing, type Value, valueOf } from './world.js';

/** How long loaders take besides asking what is true, in milliseconds. */
const MOST_MS = 8;

/** Loads what is true, and remembers when. */
export class Loaders {
  private records: LoadRecord[] = [];
  private running = 0;

  constructor(
    private readonly truth: Truth,
    private readonly random: Random,
  ) {}

  get areIdle(): boolean {
    return this.running === 0;
  }

  async load(thing: Thing): Promise<Value> {
    const [value] = await this.loadMany([thing]);
    return value as Value;
  }

  async loadMany(things: readonly Thing[]): Promise<Value[]> {
    const startedAtMs = nowMs();
    const [beforeMs, afterMs] = [this.random.integer(0, MOST_MS / 2), this.random.integer(0, MOST_MS / 2)];
    this.running++;
    try {
      if (beforeMs > 0) await sleep(beforeMs);
      const versions = await this.truth.versions(things.map(({ name }) => name));
      if (afterMs > 0) await sleep(afterMs);
      return things.map(({ name }, index) => valueOf(name, versions[index] ?? 0));
    } finally {
      this.running--;
      const endedAtMs = nowMs();
      for (const { index } of things) this.records.push({ thing: index, startedAtMs, endedAtMs });
    }
  }

  take(): LoadRecord[] {
    const { records } = this;
    this.records = [];
    return records;
  }
}
