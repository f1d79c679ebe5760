import type { MetricsSummary } from './cache-metrics.js';

const LOW_PERCENT = 60;
const MIN_REQUESTS = 50;

/**
 * A line on what to look at while the hit rate is under 60 % over at least 50 requests since the last reset; `null`
 * otherwise.
 */
export function adviceFor(summary: MetricsSummary): string | null {
  const { totalRequests, hitRatePercent } = summary;
  if (totalRequests < MIN_REQUESTS || hitRatePercent >= LOW_PERCENT) return null;
  return `Hit rate ${hitRatePercent} % of ${totalRequests} requests, under ${LOW_PERCENT} %. ${whatToLookAt(summary)}`;
}

function whatToLookAt({ categories, misses, errors, refused }: MetricsSummary): string {
  if (errors * 2 > misses) {
    return `The store gave no answer ${errors} times: look at GET /cache/health and CACHE_REDIS_TIMEOUT.`;
  }
  if (refused * 2 > misses) {
    return `${refused} results could not be stored: the log says why, once per category.`;
  }
  const [category, counts] = Object.entries(categories).sort(([, a], [, b]) => b.misses - a.misses)[0] ?? [];
  return (
    `Most misses: ${category ?? 'none'} (${counts?.misses ?? 0} of ${misses}). See whether its keys hold what differs on every ` +
    'call, its time to live is too short, or writes invalidate it too often; AgentCache.explain(key) says why a key misses.'
  );
}
