/**
 * What does a hit in Redis cost when 64 callers ask at once, in throughput and in CPU of this process? Limit: GET and
 * JSON.parse through ioredis, with or without auto-pipelining, whichever is better.
 */
import { Redis } from 'ioredis';
import { counting, redisOnly } from '../lib/caches.mjs';
import { crowd, inTurns, median } from '../lib/rounds.mjs';
import { row } from '../lib/rows.mjs';
import { BY_SIZE, keysOf } from '../lib/values.mjs';
import { openPeers } from '../peers/peers.mjs';

const CALLERS = 64;
/** In each turn the engine first optimises anew what the turn of another client has made it give up. */
const WARM_UP = 3;
const KEYS = keysOf('redis-hit', 256);

export async function measure({ url, rounds, roundMs, hasPeers }) {
  const cache = await redisOnly(url, 'bench-redis-hit');
  const clients = { plain: new Redis(url), pipelined: new Redis(url, { enableAutoPipelining: true }) };
  const rows = [];
  for (const [size, value] of Object.entries(BY_SIZE))
    rows.push(...(await compare(size, value, { cache, clients, url, rounds, roundMs, hasPeers })));
  for (const client of Object.values(clients)) client.disconnect();
  await cache.close();
  return rows;
}

async function compare(size, value, { cache, clients, url, rounds, roundMs, hasPeers }) {
  const counter = { loads: 0 };
  const loader = counting(counter, value);
  const text = JSON.stringify(value);
  for (const key of KEYS) {
    await cache.set(key, value);
    await clients.plain.set(`bare:${key}`, text);
  }
  const peers = hasPeers ? await openPeers(url, `bench-peers-${size}`, async () => value) : {};
  for (const peer of Object.values(peers)) for (const key of KEYS) await peer.get(key);
  const keyOf = (index) => KEYS[index % KEYS.length];
  const bare = (client) => async (index) => JSON.parse(await client.get(`bare:${keyOf(index)}`));
  const round = (call) => async () => {
    await crowd(call, { callers: CALLERS, ms: WARM_UP * roundMs });
    return crowd(call, { callers: CALLERS, ms: 2 * roundMs });
  };
  const results = await inTurns(
    {
      ours: round((index) => cache.getOrLoad(keyOf(index), loader)),
      plain: round(bare(clients.plain)),
      pipelined: round(bare(clients.pipelined)),
      ...mapValues(peers, (peer) => round((index) => peer.get(keyOf(index)))),
    },
    Math.ceil(rounds / 2),
  );
  for (const peer of Object.values(peers)) await peer.close();
  return rowsOf(size, results, counter.loads > 0 ? `${counter.loads} loads` : '');
}

/** The better client for each of the two. */
function rowsOf(size, { ours, plain, pipelined, ...peers }, note) {
  const rates = (all) => all.map(({ perSecond }) => perSecond);
  const cpu = (all) => all.map(({ cpuMicros }) => cpuMicros);
  const faster = median(rates(plain)) > median(rates(pipelined)) ? plain : pipelined;
  const leaner = median(cpu(plain)) < median(cpu(pipelined)) ? plain : pipelined;
  return [
    row(`redis hit, ${size}`, '/s', rates(ours), rates(faster), { note, peers: mapValues(peers, rates) }),
    row(`redis hit, ${size}, CPU`, 'µs', cpu(ours), cpu(leaner), { note, peers: mapValues(peers, cpu) }),
  ];
}

const mapValues = (object, map) => Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value)]));
