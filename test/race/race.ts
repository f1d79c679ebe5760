import { setTimeout as sleep } from 'node:timers/promises';
import { Checker, describeViolation } from './checker.js';
import type { Disturbance } from './disturbance.js';
import type { Participant } from './instance.js';
import type { Batch } from './recorder.js';
import { nowMs } from './world.js';

/** How long an instance that hears nothing may serve from memory. */
const LEASE_MS = 500;
/** For the time between looking at a clock and using it, on a machine that is busy with other things. */
const MARGIN_MS = 100;
const ROUND_MS = 5_000;
const TAKE_EVERY_MS = 250;
/** A sign of life for who watches a long race. */
const PROGRESS_EVERY_ROUNDS = 6;

export interface RaceOptions {
  readonly name: string;
  readonly seed: number;
  readonly seconds: number;
  /** Ends as soon as there is a violation. */
  readonly endsAtViolation: boolean;
  /** Is told how it goes, now and then. */
  readonly tell: (line: string) => void;
}

export interface RaceResult {
  readonly violations: readonly string[];
  readonly surprises: readonly string[];
  readonly counts: Readonly<Record<string, number>>;
  /** One line for people. */
  readonly report: string;
}

/** Rounds of disturbed use, each with a look at everything while nothing is under way. */
export class Race {
  private readonly checker: Checker;
  private readonly counts: Record<string, number> = {};
  private readonly surprises: string[] = [];
  private startedAtMs = 0;

  constructor(
    private readonly participants: readonly Participant[],
    private readonly disturbance: Disturbance,
    private readonly options: RaceOptions,
  ) {
    this.checker = new Checker([...participants.keys()], LEASE_MS + MARGIN_MS);
  }

  async run(): Promise<RaceResult> {
    this.startedAtMs = nowMs();
    const endMs = this.startedAtMs + this.options.seconds * 1_000;
    for (let round = 1; nowMs() < endMs && !this.isDecided; round++) {
      await this.round(Math.min(nowMs() + ROUND_MS, endMs));
      await this.lookAtRest();
      if (round % PROGRESS_EVERY_ROUNDS === 0) this.options.tell(`… ${this.report()}`);
    }
    return this.result();
  }

  private get isDecided(): boolean {
    return this.options.endsAtViolation && this.checker.violations.length > 0;
  }

  private async round(endMs: number): Promise<void> {
    this.disturbance.begin();
    await Promise.all(this.participants.map((participant) => participant.start()));
    while (nowMs() < endMs && !this.isDecided) {
      await sleep(Math.max(0, Math.min(TAKE_EVERY_MS, endMs - nowMs())));
      await this.take();
    }
    await this.disturbance.end();
    await Promise.all(this.participants.map((participant) => participant.stop()));
    await this.take();
  }

  private async lookAtRest(): Promise<void> {
    await sleep(LEASE_MS + MARGIN_MS);
    await this.take();
    const looks = await Promise.all(this.participants.map((participant) => participant.survey()));
    for (const read of looks.flat()) this.checker.judgeQuiescent(read);
    this.add({ surveys: 1 });
  }

  private async take(): Promise<void> {
    const batches = await Promise.all(this.participants.map((participant) => participant.take()));
    for (const batch of batches) this.learn(batch);
    this.checker.advance(Math.min(...batches.map(({ upToMs }) => upToMs)));
  }

  private learn({ acknowledged, reads, counts, surprises }: Batch): void {
    for (const each of acknowledged) this.checker.acknowledge(each);
    for (const read of reads) this.checker.read(read);
    this.add(counts);
    this.surprises.push(...surprises);
  }

  private add(counts: Readonly<Record<string, number>>): void {
    for (const [name, count] of Object.entries(counts)) this.counts[name] = (this.counts[name] ?? 0) + count;
  }

  private result(): RaceResult {
    return {
      violations: this.checker.violations.map(describeViolation),
      surprises: this.surprises,
      counts: this.counts,
      report: this.report(),
    };
  }

  private report(): string {
    const { name, seed } = this.options;
    const { violations } = this.checker;
    const { reads = 0, loads = 0, ...others } = this.counts;
    const seconds = ((nowMs() - this.startedAtMs) / 1_000).toFixed(1);
    return (
      `race ${name}: seed ${seed}, ${seconds} s, ${reads} reads, ${loads} loads; ${listOf(others)}; ` +
      `faults: ${listOf(this.disturbance.counts)}; ` +
      `${violations.length} violations ${listOf(countsOf(violations.map(({ kind }) => kind)))}`.trimEnd()
    );
  }
}

function countsOf(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

const listOf = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .sort(([one], [other]) => one.localeCompare(other))
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');
