/** How often each thing happened. */
export interface Counts {
  hits: number;
  misses: number;
  /** Answers past their time to live, given because loading failed. Each was counted as a miss before. */
  stale: number;
  sets: number;
  deletes: number;
  errors: number;
  /** Calls that went past the cache. */
  bypasses: number;
  /** Results that were passed through and not stored. */
  refused: number;
}

/** Counts with what follows from them. */
export interface CountsSummary extends Readonly<Counts> {
  /** Requests that asked the cache: hits and misses. */
  readonly totalRequests: number;
  /** 0…1; 0 when nothing was asked. */
  readonly hitRate: number;
  /** The same in percent, with two decimals. */
  readonly hitRatePercent: number;
}

/** Nothing has happened yet. */
export const noCounts = (): Counts => ({
  hits: 0,
  misses: 0,
  stale: 0,
  sets: 0,
  deletes: 0,
  errors: 0,
  bypasses: 0,
  refused: 0,
});

/** 0…1; 0 when nothing was asked. */
export function hitRateOf({ hits, misses }: Readonly<Counts>): number {
  return hits === 0 ? 0 : hits / (hits + misses);
}

/** The counts as they are shown. */
export function summaryOf(counts: Readonly<Counts>): CountsSummary {
  const { hits, misses, ...rest } = counts;
  const hitRate = hitRateOf(counts);
  return {
    totalRequests: hits + misses,
    hits,
    misses,
    hitRate,
    hitRatePercent: Math.round(hitRate * 10_000) / 100,
    ...rest,
  };
}
