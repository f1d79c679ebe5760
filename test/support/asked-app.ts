import { setTimeout as sleep } from 'node:timers/promises';
import type { CachedApp } from './cached-app.js';

/** Asks by either way for so long. Rejects where an answer is wrong; answers how many were hits, and the most that one took. */
export async function askFor(
  app: CachedApp,
  ms: number,
): Promise<{ readonly hits: number; readonly slowestMs: number }> {
  const endMs = performance.now() + ms;
  let hits = 0;
  let slowestMs = 0;
  while (performance.now() < endMs) {
    for (const asked of [await app.viaCache(), await app.viaMethod()]) {
      const { id, version } = asked.report;
      if (id !== 'a' || version !== app.reports.version) throw new Error(`a wrong answer: ${id}, version ${version}`);
      if (asked.isHit) hits++;
      slowestMs = Math.max(slowestMs, asked.ms);
    }
    await sleep(5);
  }
  return { hits, slowestMs };
}
