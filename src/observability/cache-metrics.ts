import { BoundedLabels, OTHER } from './bounded-labels.js';
import { type Counts, type CountsSummary, hitRateOf, noCounts, summaryOf } from './counts.js';
import { LatencyHistogram, type LatencySummary } from './latency-histogram.js';
import { type SavedBy, Savings, type SavingsSummary } from './savings.js';
import { VerificationCounts, type VerificationSummary } from './verification-counts.js';

/** What is timed: asking the store, writing to it, and loading past it. */
export type TimedOperation = 'get' | 'set' | 'load';

/** Everything counted since the start or the last `reset()`. */
export interface MetricsSummary extends CountsSummary {
  /** By category; at most 50 have a name of their own, the rest is `other`. */
  readonly categories: Readonly<Record<string, CountsSummary>>;
  /** Of asking the cache, of writing and of loading, in milliseconds; `null` in it: nothing was measured. */
  readonly latency: Readonly<Record<TimedOperation, LatencySummary>>;
  /** Milliseconds of loading that hits made unnecessary, less what the hits took. */
  readonly savedMs: number;
  /** What hits have saved, by category and by tool. */
  readonly savings: SavingsSummary;
  /** What running hits again has shown, by tool; at most 50 have a name of their own. Empty where none is. */
  readonly verification: Readonly<Record<string, VerificationSummary>>;
  /** Bypasses by reason. */
  readonly bypassReasons: Readonly<Record<string, number>>;
  /** Results that were not stored, by reason; what could not be stored faithfully has one reason together. */
  readonly refusedReasons: Readonly<Record<string, number>>;
  /** `false` without Redis, and while it cannot be used. */
  readonly redisConnected: boolean;
}

interface MetricsSources {
  /** Asked by every `summary()`. Default: never connected. */
  readonly redisConnected?: () => boolean;
}

const MAX_CATEGORIES = 50;
const MAX_REASONS = 30;

/** Counts, rates and latencies of one cache, in bounded memory whatever the categories are called. */
export class CacheMetrics {
  private total = noCounts();
  private readonly savings = new Savings();
  private readonly verification = new VerificationCounts();
  private readonly byCategory = new Map<string, Counts>();
  private readonly byReason = new Map<string, number>();
  private readonly byRefusal = new Map<string, number>();
  private readonly categories = new BoundedLabels(MAX_CATEGORIES);
  private readonly reasons = new BoundedLabels(MAX_REASONS);
  private readonly refusals = new BoundedLabels(MAX_REASONS);
  private readonly latency = {
    get: new LatencyHistogram(),
    set: new LatencyHistogram(),
    load: new LatencyHistogram(),
  } satisfies Record<TimedOperation, LatencyHistogram>;

  constructor(private readonly sources: MetricsSources = {}) {}

  /** An answer from the cache. */
  recordHit(category: string): void {
    this.count(category, 'hits');
  }

  /** The cache was asked and had no fresh answer. */
  recordMiss(category: string): void {
    this.count(category, 'misses');
  }

  /** An answer past its time to live. */
  recordStale(category: string): void {
    this.count(category, 'stale');
  }

  /** Something was stored. */
  recordSet(category: string): void {
    this.count(category, 'sets');
  }

  /** `deleted` entries were deleted; what is no count is ignored. */
  recordDelete(category: string, deleted = 1): void {
    this.count(category, 'deletes', deleted);
  }

  /** A fault of the store. */
  recordError(category: string): void {
    this.count(category, 'errors');
  }

  /** A call that went past the cache. `reason` is a word such as `not-read-only`. */
  recordBypass(category: string, reason = OTHER): void {
    this.count(category, 'bypasses');
    countUnder(this.reasons.of(reason), this.byReason);
  }

  /** A result that was not stored. `reason` is a word of ours: one that names places in values makes no bounded label. */
  recordRefused(category: string, reason = OTHER): void {
    this.count(category, 'refused');
    countUnder(this.refusals.of(reason), this.byRefusal);
  }

  /** How long asking, writing or loading took; what is no length of time is ignored. */
  recordLatency(operation: TimedOperation, ms: number): void {
    this.latency[operation].observe(ms);
  }

  /**
   * Loading that a hit made unnecessary, in milliseconds, less what the hit took. `by`: what else it has saved, and where
   * that counts. What is no amount is ignored.
   */
  recordSaved(ms: number, by: SavedBy = {}): void {
    this.savings.record(ms, by);
  }

  /** A hit of a tool was run again; `null`: the answers could not be compared. */
  recordVerified(tool: string, isRight: boolean | null): void {
    this.verification.record(tool, isRight);
  }

  /** A tool is not cached any more, because its hits were wrong too often. */
  recordDistrusted(tool: string): void {
    this.verification.recordOff(tool);
  }

  /** Hits of all requests that asked the cache, 0…1; 0 when nothing was asked. */
  hitRate(): number {
    return hitRateOf(this.total);
  }

  /** The same for one category; 0 for one that is not known, or that is counted under `other`. */
  categoryHitRate(category: string): number {
    const label = this.categories.find(category);
    return hitRateOf(this.byCategory.get(label ?? category) ?? noCounts());
  }

  /** All that was counted, as a copy. */
  summary(): MetricsSummary {
    const savings = this.savings.summary();
    return {
      ...summaryOf(this.total),
      categories: Object.fromEntries([...this.byCategory].map(([category, counts]) => [category, summaryOf(counts)])),
      latency: {
        get: this.latency.get.summary(),
        set: this.latency.set.summary(),
        load: this.latency.load.summary(),
      },
      savedMs: savings.ms,
      savings,
      verification: this.verification.summary(),
      bypassReasons: Object.fromEntries(this.byReason),
      refusedReasons: Object.fromEntries(this.byRefusal),
      redisConnected: this.isRedisConnected(),
    };
  }

  /** Counts from zero again, categories included. */
  reset(): void {
    this.total = noCounts();
    for (const part of [this.savings, this.verification]) part.reset();
    for (const part of [this.byCategory, this.byReason, this.byRefusal]) part.clear();
    for (const labels of [this.categories, this.reasons, this.refusals]) labels.reset();
    for (const histogram of Object.values(this.latency)) histogram.reset();
  }

  private count(category: string, what: keyof Counts, by = 1): void {
    const label = this.categories.of(category);
    const counts = this.byCategory.get(label) ?? noCounts();
    this.byCategory.set(label, counts);
    if (!(by >= 0 && by < Infinity)) return;
    counts[what] += by;
    this.total[what] += by;
  }

  private isRedisConnected(): boolean {
    try {
      return this.sources.redisConnected?.() ?? false;
    } catch {
      return false;
    }
  }
}

function countUnder(label: string, counts: Map<string, number>): void {
  counts.set(label, (counts.get(label) ?? 0) + 1);
}
