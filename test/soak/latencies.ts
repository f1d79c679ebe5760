const LEAST_MS = 0.01;
/** Each bucket ends half a percent above the one before it, and one of them at 1 ms, one at 100 ms: there limits are. */
const STEP = Math.log(100) / 924;
/** What a logarithm is off by. */
const ROUNDING = 1e-9;
const BUCKETS = 3_000;

/**
 * How long calls took, as counts: of any number of calls in the same memory. What is read from it is too high by half a percent
 * at most, never too low.
 */
export class Latencies {
  private readonly counts = new Uint32Array(BUCKETS);
  /** The longest of each. */
  private readonly longest = new Float64Array(BUCKETS);
  count = 0;
  maxMs = 0;

  add(ms: number): void {
    const bucket = ms <= LEAST_MS ? 0 : Math.ceil(Math.log(ms / LEAST_MS) / STEP - ROUNDING);
    const place = Math.min(bucket, BUCKETS - 1);
    this.counts[place] = (this.counts[place] ?? 0) + 1;
    this.longest[place] = Math.max(this.longest[place] ?? 0, ms);
    this.count++;
    this.maxMs = Math.max(this.maxMs, ms);
  }

  /** `share` of the calls took no longer, e.g. 0.99; 0 where there were none. */
  percentile(share: number): number {
    let left = Math.ceil(this.count * share);
    for (let bucket = 0; left > 0 && bucket < BUCKETS; bucket++) {
      left -= this.counts[bucket] ?? 0;
      if (left <= 0) return this.longest[bucket] ?? 0;
    }
    return this.maxMs;
  }
}
