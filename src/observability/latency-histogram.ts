/** Upper bounds of the buckets in milliseconds; the last bucket has none. */
const BOUNDS_MS: readonly number[] = [
  0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000,
];

/** Milliseconds; `null` where nothing was measured. The percentiles are estimates: right to within one bucket. */
export interface LatencySummary {
  readonly count: number;
  readonly meanMs: number | null;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly maxMs: number | null;
}

/** How long something took, many times over, in memory that does not grow. */
export class LatencyHistogram {
  private readonly buckets = new Float64Array(BOUNDS_MS.length + 1);
  private count = 0;
  private sumMs = 0;
  private maxMs = 0;

  /** Anything but a finite number of at least 0 is not counted. */
  observe(ms: number): void {
    if (!(ms >= 0 && ms < Infinity)) return;
    const index = BOUNDS_MS.findIndex((bound) => ms <= bound);
    const bucket = index === -1 ? BOUNDS_MS.length : index;
    this.buckets[bucket] = (this.buckets[bucket] ?? 0) + 1;
    this.count++;
    this.sumMs += ms;
    this.maxMs = Math.max(this.maxMs, ms);
  }

  summary(): LatencySummary {
    const { count, maxMs } = this;
    if (count === 0) return { count, meanMs: null, p50Ms: null, p99Ms: null, maxMs: null };
    return { count, meanMs: this.sumMs / count, p50Ms: this.percentile(0.5), p99Ms: this.percentile(0.99), maxMs };
  }

  reset(): void {
    this.buckets.fill(0);
    this.count = this.sumMs = this.maxMs = 0;
  }

  /** Linear within the bucket in which the observation of that rank lies. */
  private percentile(ratio: number): number {
    const rank = Math.ceil(ratio * this.count);
    let below = 0;
    let bucket = 0;
    for (; below + (this.buckets[bucket] ?? 0) < rank; bucket++) below += this.buckets[bucket] ?? 0;
    const from = BOUNDS_MS[bucket - 1] ?? 0;
    const to = Math.min(BOUNDS_MS[bucket] ?? this.maxMs, this.maxMs);
    // Rounding must not lead out of the bucket.
    return Math.min(to, from + ((to - from) * (rank - below)) / (this.buckets[bucket] ?? 1));
  }
}
