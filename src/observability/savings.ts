import { BoundedLabels } from './bounded-labels.js';

/** What hits have saved. */
export interface Saving {
  /** Of loading, less what the hits took. */
  readonly ms: number;
  /** What the policies' `cost` adds up to; 0 where none names any. */
  readonly tokens: number;
  /** Dollars; as `tokens`. */
  readonly usd: number;
}

/** What hits have saved, in all and by what they were. At most 50 categories and 50 tools have a name of their own. */
export interface SavingsSummary extends Saving {
  readonly categories: Readonly<Record<string, Saving>>;
  readonly tools: Readonly<Record<string, Saving>>;
}

/** What one hit has saved besides time, and where it counts. */
export interface SavedBy {
  readonly category?: string | undefined;
  readonly tool?: string | undefined;
  readonly tokens?: number | undefined;
  readonly usd?: number | undefined;
}

const MAX_LABELS = 50;

/** Adds up what hits save, in bounded memory. */
export class Savings {
  private readonly total = new Sum();
  private readonly categories = new LabelledSums();
  private readonly tools = new LabelledSums();

  /** What is no amount is ignored. */
  record(ms: number, by: SavedBy): void {
    this.total.add(ms, by);
    if (by.category !== undefined) this.categories.of(by.category).add(ms, by);
    if (by.tool !== undefined) this.tools.of(by.tool).add(ms, by);
  }

  summary(): SavingsSummary {
    const { total, categories, tools } = this;
    return { ...total.summary(), categories: categories.summary(), tools: tools.summary() };
  }

  reset(): void {
    this.total.reset();
    for (const sums of [this.categories, this.tools]) sums.reset();
  }
}

class Sum {
  private ms = 0;
  private tokens = 0;
  private usd = 0;

  add(ms: number, { tokens, usd }: SavedBy): void {
    if (isAmount(ms)) this.ms += ms;
    if (isAmount(tokens)) this.tokens += tokens;
    if (isAmount(usd)) this.usd += usd;
  }

  summary(): Saving {
    const { ms, tokens, usd } = this;
    return { ms, tokens, usd };
  }

  reset(): void {
    this.ms = this.tokens = this.usd = 0;
  }
}

class LabelledSums {
  private readonly labels = new BoundedLabels(MAX_LABELS);
  private readonly sums = new Map<string, Sum>();

  of(text: string): Sum {
    const known = this.sums.get(text);
    if (known) return known;
    const label = this.labels.of(text);
    let sum = this.sums.get(label);
    if (!sum) this.sums.set(label, (sum = new Sum()));
    return sum;
  }

  summary(): Record<string, Saving> {
    return Object.fromEntries([...this.sums].map(([label, sum]) => [label, sum.summary()]));
  }

  reset(): void {
    this.labels.reset();
    this.sums.clear();
  }
}

function isAmount(value: number | undefined): value is number {
  return value !== undefined && value > 0 && value < Infinity;
}
