import { wilsonInterval } from '../core/ports/wilson-interval.js';
import { BoundedLabels } from './bounded-labels.js';

/** What running hits of one tool again has shown. */
export interface VerificationSummary {
  /** Hits whose answer could be compared with that of the run. */
  readonly verified: number;
  /** Those that were wrong. */
  readonly wrong: number;
  /** Runs that failed, or whose answers could not be compared; not among `verified`. */
  readonly notComparable: number;
  /** Measured share of wrong hits, 0…1; `null`: nothing was compared. */
  readonly wrongRate: number | null;
  /** Low and high: where the true share lies with 95 % confidence (Wilson score interval). */
  readonly interval: readonly [low: number, high: number];
  /** Whether the tool is not cached any more, because of that. */
  readonly isOff: boolean;
}

interface Tally {
  verified: number;
  wrong: number;
  notComparable: number;
}

const MAX_TOOLS = 50;

/** Counts what verification tells, by tool, in bounded memory. */
export class VerificationCounts {
  private readonly labels = new BoundedLabels(MAX_TOOLS);
  private readonly tallies = new Map<string, Tally>();
  /** What `reset` does not change: it is so, and no count. */
  private readonly off = new Set<string>();

  record(tool: string, isRight: boolean | null): void {
    const tally = this.tallyOf(this.labels.of(tool));
    if (isRight === null) tally.notComparable++;
    else tally.verified++;
    if (isRight === false) tally.wrong++;
  }

  recordOff(tool: string): void {
    this.off.add(this.labels.of(tool));
  }

  summary(): Record<string, VerificationSummary> {
    const labels = new Set([...this.tallies.keys(), ...this.off]);
    return Object.fromEntries([...labels].map((label) => [label, this.summaryOf(label)]));
  }

  /** Tools keep their labels, since some of them may be off. */
  reset(): void {
    this.tallies.clear();
  }

  private tallyOf(label: string): Tally {
    let tally = this.tallies.get(label);
    if (!tally) this.tallies.set(label, (tally = { verified: 0, wrong: 0, notComparable: 0 }));
    return tally;
  }

  private summaryOf(label: string): VerificationSummary {
    const { verified, wrong, notComparable } = this.tallies.get(label) ?? { verified: 0, wrong: 0, notComparable: 0 };
    const wrongRate = verified === 0 ? null : wrong / verified;
    const interval = wilsonInterval(wrong, verified);
    return { verified, wrong, notComparable, wrongRate, interval, isOff: this.off.has(label) };
  }
}
