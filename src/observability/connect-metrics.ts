import type { CacheMetrics } from './cache-metrics.js';
import { type CacheEventSource, listen } from './event-source.js';

/** Lets `metrics` count what `events` report. Returns the way to end that. */
export function connectMetrics(metrics: CacheMetrics, events: CacheEventSource): () => void {
  return listen(events, {
    hit: ({ category, ms, savedMs }) => {
      metrics.recordHit(category);
      metrics.recordLatency('get', ms);
      metrics.recordSaved(savedMs);
    },
    miss: ({ category, ms }) => {
      metrics.recordMiss(category);
      metrics.recordLatency('get', ms);
    },
    stale: ({ category }) => metrics.recordStale(category),
    load: ({ ms }) => metrics.recordLatency('load', ms),
    set: ({ category, ms }) => {
      metrics.recordSet(category);
      metrics.recordLatency('set', ms);
    },
    delete: ({ category, count }) => metrics.recordDelete(category, count),
    bypass: ({ category, reason }) => metrics.recordBypass(category, reason),
    refused: ({ category }) => metrics.recordRefused(category),
    error: ({ category }) => metrics.recordError(category),
  });
}
