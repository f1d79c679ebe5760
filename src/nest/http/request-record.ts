import { BusyTime } from './busy-time.js';
import { OutcomeTally } from './outcome-tally.js';

/** What the cache and the database did for one request so far, in bounded memory. */
export class RequestRecord {
  readonly outcomes = new OutcomeTally();
  private readonly startedAt: number;
  private readonly cacheTime = new BusyTime();
  private readonly loadTime = new BusyTime();
  private readonly databaseTime = new BusyTime();
  private queries = 0;
  private queriesMs = 0;

  /** `now`: milliseconds since some fixed moment. */
  constructor(private readonly now: () => number) {
    this.startedAt = now();
  }

  /** The cache was asked, or written to, for `ms` milliseconds until now. */
  addCacheTime(ms: number): void {
    this.cacheTime.add(ms, this.now());
  }

  /** A loader ran for `ms` milliseconds until now. */
  addLoadTime(ms: number): void {
    this.loadTime.add(ms, this.now());
  }

  /** A database query took `ms` milliseconds until now. */
  addQuery(ms: number): void {
    this.queries++;
    this.queriesMs += ms >= 0 && ms < Infinity ? ms : 0;
    this.databaseTime.add(ms, this.now());
  }

  get queryCount(): number {
    return this.queries;
  }

  /** The sum of what each query took, in milliseconds. */
  get queryMs(): number {
    return this.queriesMs;
  }

  /** Milliseconds since the request began, and how many of them something was under way. */
  get spentMs(): { readonly total: number; readonly cache: number; readonly load: number; readonly db: number } {
    const total = this.now() - this.startedAt;
    return { total, cache: this.cacheTime.totalMs, load: this.loadTime.totalMs, db: this.databaseTime.totalMs };
  }
}
