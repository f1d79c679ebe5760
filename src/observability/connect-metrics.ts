import type { CacheMetrics } from './cache-metrics.js';
import { type CacheEventSource, listen } from './event-source.js';

/** What could not be stored, whatever in it it was: that names a place in a value. */
const NOT_STORABLE = 'not storable';

/** Lets `metrics` count what `events` report. Returns the way to end that. */
export function connectMetrics(metrics: CacheMetrics, events: CacheEventSource): () => void {
  return listen(events, {
    hit: (hit) => {
      metrics.recordHit(hit.category);
      metrics.recordLatency('get', hit.ms);
      metrics.recordSaved(hit.savedMs, hit);
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
    refused: ({ category, reason, isIntended }) => metrics.recordRefused(category, isIntended ? reason : NOT_STORABLE),
    verified: ({ tool, isRight }) => metrics.recordVerified(tool, isRight),
    distrusted: ({ tool }) => metrics.recordDistrusted(tool),
    error: ({ category }) => metrics.recordError(category),
  });
}
