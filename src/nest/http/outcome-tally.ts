/** How a cached call came out. `expired`: there was an entry past its time to live; `answered-stale`: it was served. */
export type OutcomeKind = 'hit' | 'miss' | 'expired' | 'answered-stale' | 'bypass';

/** Equal outcomes, counted together. */
export interface OutcomeCount {
  readonly kind: OutcomeKind;
  readonly category: string;
  /** What else distinguishes the outcome, such as why the cache was bypassed; may be empty. */
  readonly remark: string;
  readonly count: number;
  /** Milliseconds until the first of the hits is no longer fresh; `Infinity`: not known. */
  readonly ttlLeftMs: number;
  /** Whether as many results of the category were stored as were not found. */
  readonly isStored: boolean;
}

interface Details {
  readonly remark?: string;
  readonly ttlLeftMs?: number | undefined;
}

const MAX_OUTCOMES = 16;
const MAX_CATEGORIES = 50;
const OTHER = 'other';

/** The outcomes of one request, in bounded memory: different ones beyond the 16th are counted as category `other`. */
export class OutcomeTally {
  private readonly counts = new Map<string, Omit<OutcomeCount, 'isStored'>>();
  private readonly notFound = new Map<string, number>();
  private readonly stored = new Map<string, number>();

  add(kind: OutcomeKind, category: string, { remark = '', ttlLeftMs }: Details = {}): void {
    if (kind === 'miss' || kind === 'expired') increment(this.notFound, category);
    const label = labelOf(kind, category, remark);
    const isNamed = this.counts.has(label) || this.counts.size < MAX_OUTCOMES;
    if (isNamed) this.count(label, { kind, category, remark }, ttlLeftMs);
    else this.count(kind, { kind, category: OTHER, remark: '' }, ttlLeftMs);
  }

  /** What was counted as expired was served in the end: the one outcome takes the place of the other. */
  addAnsweredStale(category: string): void {
    const label = labelOf('expired', category);
    this.takeBack(this.counts.has(label) ? label : 'expired');
    this.add('answered-stale', category);
  }

  /** A result of that category was stored. */
  addStored(category: string): void {
    increment(this.stored, category);
  }

  /** In the order in which they first happened. */
  get outcomes(): OutcomeCount[] {
    return [...this.counts.values()].map((outcome) => ({ ...outcome, isStored: this.isStored(outcome) }));
  }

  private count(
    label: string,
    outcome: Pick<OutcomeCount, 'kind' | 'category' | 'remark'>,
    ttlLeftMs = Infinity,
  ): void {
    const known = this.counts.get(label) ?? { count: 0, ttlLeftMs: Infinity };
    this.counts.set(label, { ...outcome, count: known.count + 1, ttlLeftMs: Math.min(known.ttlLeftMs, ttlLeftMs) });
  }

  private takeBack(label: string): void {
    const known = this.counts.get(label);
    if (known && known.count > 1) this.counts.set(label, { ...known, count: known.count - 1 });
    else this.counts.delete(label);
  }

  private isStored({ kind, category }: Pick<OutcomeCount, 'kind' | 'category'>): boolean {
    const notFound = this.notFound.get(category) ?? Infinity;
    return (kind === 'miss' || kind === 'expired') && (this.stored.get(category) ?? 0) >= notFound;
  }
}

function labelOf(kind: OutcomeKind, category: string, remark = ''): string {
  return `${kind}\n${category}\n${remark}`;
}

function increment(counts: Map<string, number>, category: string): void {
  const count = counts.get(category) ?? 0;
  if (count > 0 || counts.size < MAX_CATEGORIES) counts.set(category, count + 1);
}
