import { Injectable } from '@nestjs/common';
import { RequestTrace } from './request-trace.js';

/**
 * Counts the database queries of a request, for the headers `X-Query-Count` and `X-Query-Time`. The app's database
 * wrapper calls it around each query. Outside a request it does nothing.
 */
@Injectable()
export class QueryMeter {
  constructor(private readonly trace: RequestTrace) {}

  /** Runs `query`, counts it and how long it took, and settles as it does, also when it fails. */
  async measure<T>(query: () => PromiseLike<T> | T): Promise<T> {
    const startedAt = performance.now();
    try {
      return await query();
    } finally {
      this.record(performance.now() - startedAt);
    }
  }

  /** Counts a query that was measured elsewhere and took `ms` milliseconds until now. */
  record(ms: number): void {
    this.trace.current?.addQuery(ms);
  }
}
