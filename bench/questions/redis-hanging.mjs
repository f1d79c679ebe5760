/**
 * What does the cache add to a loader of 1 ms while Redis hangs: to the first call, to later ones, to 1,000 at once? And
 * how long after Redis goes on is a hit served by it again? By default options, memory off. Limit: the loader alone.
 */
import { createAgentCache } from 'nestjs-agent-cache/core';
import { connected } from '../lib/caches.mjs';
import { atOnce, loaderOfOneMs, medianCall } from '../lib/loader-calls.mjs';
import { startRedis } from '../lib/redis-server.mjs';
import { timeOf, timeUntil } from '../lib/rounds.mjs';
import { row } from '../lib/rows.mjs';

const KEY = 'hang:warm';
/** Rounds that take a second each. */
const ENOUGH = 5;

export async function measure({ rounds, isQuick }) {
  const redis = await startRedis();
  const cache = await connected(createAgentCache({ redis: { url: redis.url }, memory: { maxBytes: 0 } }));
  const hangs = [];
  for (let round = 0; round < Math.min(rounds, ENOUGH); round++)
    hangs.push(await hang(cache, redis, isQuick ? 10 : 50));
  await cache.close();
  await redis.stop();
  const each = (name) => hangs.map((times) => times[name]);
  return [
    row('redis hangs, first call', 'ms', each('first'), each('bareFirst')),
    row('redis hangs, later call', 'ms', each('later'), each('bareLater')),
    row('redis hangs, 1,000 at once', 'ms', each('many'), each('bareMany')),
    row('redis goes on', 'ms', each('again'), null),
  ];
}

async function hang(cache, redis, calls) {
  const ours = (key) => cache.getOrLoad(key, loaderOfOneMs);
  const isHit = async () => cache.outcomeOf(await ours(KEY))?.status === 'hit';
  await timeUntil(() => {}, isHit, 5_000);
  redis.pause();
  const times = { first: await timeOf(() => ours(KEY)), bareFirst: await timeOf(loaderOfOneMs) };
  times.later = await medianCall(ours, calls);
  times.bareLater = await medianCall(loaderOfOneMs, calls);
  times.many = await atOnce(ours);
  times.bareMany = await atOnce(loaderOfOneMs);
  times.again = await timeUntil(() => void redis.resume(), isHit, 5_000);
  return times;
}
