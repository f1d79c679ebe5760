/** How long a call of a tool takes, and who says so: the trace or the policy. `null`: nobody does. */
export type CallTime = { readonly ms: number; readonly source: 'recorded' | 'assumed' } | null;

/** What became of the calls of one tool, or of all. */
export interface Counts {
  readonly tool: string;
  readonly calls: number;
  /** Calls that the policy allows to be cached. */
  readonly eligible: number;
  readonly hits: number;
  /** Hits whose answer was not the recorded one. */
  readonly wrongHits: number;
  /** Share of the eligible calls, 0…1. */
  readonly hitRate: number;
  /** Share of the hits that were wrong, 0…1. */
  readonly wrongRate: number;
  /** Time that the tools would have taken for the hits, in milliseconds; `null`: unknown. */
  readonly savedMs: number | null;
}

export interface ReplayedCall {
  readonly tool: string;
  readonly isEligible: boolean;
  readonly isHit: boolean;
  readonly isWrong: boolean;
  readonly time: CallTime;
}

const ratio = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);

class Sums {
  calls = 0;
  eligible = 0;
  hits = 0;
  wrongHits = 0;
  savedMs: number | null = 0;

  add({ isEligible, isHit, isWrong, time }: ReplayedCall): void {
    this.calls++;
    if (isEligible) this.eligible++;
    if (!isHit) return;
    this.hits++;
    if (isWrong) this.wrongHits++;
    this.savedMs = time === null || this.savedMs === null ? null : this.savedMs + time.ms;
  }

  counts(tool: string): Counts {
    const { calls, eligible, hits, wrongHits, savedMs } = this;
    const rates = { hitRate: ratio(hits, eligible), wrongRate: ratio(wrongHits, hits) };
    return { tool, calls, eligible, hits, wrongHits, ...rates, savedMs };
  }
}

/** Adds replayed calls up, per tool and in all. */
export class Tally {
  private readonly all = new Sums();
  private readonly perTool = new Map<string, Sums>();
  private readonly sources = new Set<string>();

  add(call: ReplayedCall): void {
    const sums = this.perTool.get(call.tool) ?? new Sums();
    this.perTool.set(call.tool, sums);
    sums.add(call);
    this.all.add(call);
    if (call.isHit) this.sources.add(call.time?.source ?? 'unknown');
  }

  /** Where the times of the hits come from, e.g. `['recorded']`; with `'unknown'` among them, some are missing. */
  get timeSources(): string[] {
    return [...this.sources].sort();
  }

  get total(): Counts {
    return this.all.counts('all tools');
  }

  /** Most called first. */
  get tools(): Counts[] {
    return [...this.perTool].map(([tool, sums]) => sums.counts(tool)).sort((a, b) => b.calls - a.calls);
  }
}
