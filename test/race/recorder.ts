import type { Acknowledged, ReadRecord } from './checker.js';
import { nowMs } from './world.js';

/** What an instance has seen since it was last asked. */
export interface Batch {
  /** All that was acknowledged up to then is in here, or was in an earlier one. */
  readonly upToMs: number;
  readonly acknowledged: readonly Acknowledged[];
  readonly reads: readonly ReadRecord[];
  /** How often something happened, by its name. */
  readonly counts: Readonly<Record<string, number>>;
  /** What must not happen at all, in words. */
  readonly surprises: readonly string[];
}

const MOST_SURPRISES = 20;

/** Collects what the actors of one instance see. */
export class Recorder {
  private acknowledgedNow: Acknowledged[] = [];
  private reads: ReadRecord[] = [];
  private counts: Record<string, number> = {};
  private surprises: string[] = [];

  constructor(private readonly instance: number) {}

  count(name: string, by = 1): void {
    this.counts[name] = (this.counts[name] ?? 0) + by;
  }

  surprise(what: string): void {
    this.count('surprises');
    if (this.surprises.length < MOST_SURPRISES) this.surprises.push(`instance ${this.instance}: ${what}`);
  }

  read(thing: number, version: number, startedAtMs: number, from: string): void {
    this.count('reads');
    this.reads.push({ thing, version, instance: this.instance, startedAtMs, from });
  }

  /** To be called at the moment of the acknowledgement. */
  acknowledge(things: readonly number[], versions: readonly number[], form: string): void {
    const atMs = nowMs();
    for (const [index, thing] of things.entries()) {
      this.acknowledgedNow.push({ thing, version: versions[index] ?? 0, instance: this.instance, atMs, form });
    }
  }

  take(): Batch {
    const { acknowledgedNow: acknowledged, reads, counts, surprises } = this;
    this.acknowledgedNow = [];
    this.reads = [];
    this.counts = {};
    this.surprises = [];
    return { upToMs: nowMs(), acknowledged, reads, counts, surprises };
  }
}
