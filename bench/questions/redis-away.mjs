/** What does the cache add to a loader of 1 ms while Redis is not there? By default options. Limit: the loader alone. */
import { createAgentCache } from 'nestjs-agent-cache/core';
import { atOnce, loaderOfOneMs, medianCall } from '../lib/loader-calls.mjs';
import { freePort } from '../../scripts/lib/free-port.mjs';
import { inTurns } from '../lib/rounds.mjs';
import { row } from '../lib/rows.mjs';

export async function measure({ rounds, isQuick }) {
  const port = await freePort();
  const cache = createAgentCache({ redis: { url: `redis://127.0.0.1:${port}` } });
  const ours = (key) => cache.getOrLoad(key, loaderOfOneMs);
  const calls = isQuick ? 10 : 100;
  const single = await inTurns(
    { ours: () => medianCall(ours, calls), limit: () => medianCall(loaderOfOneMs, calls) },
    rounds,
  );
  const many = await inTurns({ ours: () => atOnce(ours), limit: () => atOnce(loaderOfOneMs) }, rounds);
  await cache.close();
  return [
    row('redis away, one call', 'ms', single.ours, single.limit),
    row('redis away, 1,000 at once', 'ms', many.ours, many.limit),
  ];
}
