import { createAgentCache } from 'nestjs-agent-cache/core';
import { timeUntil } from './rounds.mjs';

/** Long enough for a busy machine where it is not the time limit that is asked about. */
export const PATIENT = '5s';

/** Resolves when `cache` reaches its Redis. */
export async function connected(cache) {
  const tookMs = await timeUntil(
    () => {},
    () => cache.set('bench:connected', { isConnected: true }),
    10_000,
  );
  if (tookMs === Infinity) throw new Error('the cache did not reach Redis within 10 s');
  return cache;
}

/** A cache in this Redis that keeps nothing in memory. */
export const redisOnly = (url, prefix, options = {}) =>
  connected(createAgentCache({ prefix, memory: { maxBytes: 0 }, redis: { url, timeout: PATIENT }, ...options }));

/** A cache in this Redis, with memory in front of it. */
export const twoTiers = (url, prefix, options = {}) =>
  connected(createAgentCache({ prefix, redis: { url, timeout: PATIENT }, ...options }));

/** A loader that must not run any more: it counts in `counter.loads` that it did. */
export const counting = (counter, value) => async () => {
  counter.loads++;
  return value;
};
