/** What does an embedding of 1,536 numbers in Redis cost when 64 callers ask at once? Limit: its bytes by GET, and a copy. */
import { Redis } from 'ioredis';
import { counting, redisOnly } from '../lib/caches.mjs';
import { crowd, inTurns } from '../lib/rounds.mjs';
import { row } from '../lib/rows.mjs';
import { embedding, keysOf } from '../lib/values.mjs';
import { bytesOf, vectorOf } from '../lib/vectors.mjs';

const CALLERS = 64;
const KEYS = keysOf('embedding', 256);

export async function measure({ url, rounds, roundMs }) {
  const cache = await redisOnly(url, 'bench-embedding');
  const redis = new Redis(url);
  const counter = { loads: 0 };
  const loader = counting(counter, embedding(0));
  for (const [seed, key] of KEYS.entries()) {
    await cache.set(key, embedding(seed));
    await redis.set(`bare:${key}`, bytesOf(embedding(seed)));
  }
  const round = (call) => async () =>
    (await crowd((index) => call(KEYS[index % KEYS.length]), { callers: CALLERS, ms: roundMs })).perSecond;
  const { ours, limit } = await inTurns(
    {
      ours: round((key) => cache.getOrLoad(key, loader)),
      limit: round(async (key) => vectorOf(await redis.getBuffer(`bare:${key}`))),
    },
    rounds,
  );
  redis.disconnect();
  await cache.close();
  return [row('embedding', '/s', ours, limit, counter.loads > 0 ? `${counter.loads} loads` : '')];
}
