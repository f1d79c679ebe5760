/**
 * How long does an instance serve what is no longer true: a key that another instance invalidates, and one that a stranger
 * deletes? Limits: PUBLISH to a subscriber after DEL; the server's own invalidation message after DEL.
 */
import assert from 'node:assert/strict';
import { setImmediate as turn, setTimeout as settled } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { twoTiers } from '../lib/caches.mjs';
import { inTurns, median, timeUntil } from '../lib/rounds.mjs';
import { row } from '../lib/rows.mjs';
import { plainCopy, toolResult } from '../lib/values.mjs';
import { openPeers } from '../peers/peers.mjs';

const PREFIX = 'bench-coherence';
const [KEY, BARE_KEY, CHANNEL] = ['coherence:key', 'bare:coherence', 'bare:channel'];

export async function measure({ url, isQuick, hasPeers }) {
  const [a, b] = [await twoTiers(url, PREFIX), await twoTiers(url, PREFIX)];
  const redis = new Redis(url);
  const bare = await bareListener(url);
  // In blocks: what runs once in a while is measured with cold code.
  const [blocks, perBlock] = isQuick ? [1, 3] : [5, 100];
  const block = (sample) => async () => {
    const times = [];
    for (let count = 0; count < perBlock; count++) times.push(await sample());
    return median(times);
  };
  const pairs = hasPeers ? await peerPairs(url) : {};
  const { ours, limit, ...peers } = await inTurns(
    {
      ...Object.fromEntries(Object.entries(pairs).map(([name, pair]) => [name, block(() => untilPeerGone(pair))])),
      ours: block(() => untilGone(a, b, () => a.invalidate({ key: KEY }))),
      limit: block(() => bare.untilTold(() => Promise.all([redis.del(BARE_KEY), redis.publish(CHANNEL, BARE_KEY)]))),
    },
    blocks,
  );
  const outside = await inTurns(
    {
      ours: block(() => untilGone(a, b, async () => assert.equal(await redis.del(`${PREFIX}:${KEY}`), 1))),
      limit: block(async () => {
        await redis.set(BARE_KEY, 'x');
        return bare.untilTold(() => redis.del(BARE_KEY));
      }),
    },
    blocks,
  );
  for (const client of [redis, bare]) client.disconnect();
  for (const cache of [a, b, ...Object.values(pairs).flat()]) await cache.close();
  return [
    row('invalidated elsewhere', 'ms', ours, limit, { peers }),
    row('deleted outside', 'ms', outside.ours, outside.limit),
  ];
}

/** Milliseconds from the start of `change` until `b`, which served the key from memory if it has any, serves it no more. */
async function untilGone(a, b, change) {
  await a.set(KEY, toolResult);
  for (let tries = 0; tries < 50; tries++) {
    if (b.outcomeOf(await b.get(KEY))?.tier === 'memory') break;
    await turn();
  }
  assert.deepEqual(await b.get(KEY), toolResult);
  return timeUntil(change, async () => (await b.get(KEY)) === undefined);
}

/** Two instances of each peer that tells others of invalidations. */
async function peerPairs(url) {
  const [a, b] = await Promise.all(
    [0, 1].map(() => openPeers(url, PREFIX, async () => toolResult, { hasMemory: true })),
  );
  return Object.fromEntries(Object.keys(a).map((name) => [name, [a[name], b[name]]]));
}

/** As {@link untilGone}. What was told of the change before is over. */
async function untilPeerGone([a, b]) {
  for (const each of [a, b]) await each.get(KEY);
  await settled(2);
  assert.deepEqual(await b.get(KEY), toolResult);
  return timeUntil(
    () => a.invalidate(KEY),
    async () => (await b.peek(KEY)) === undefined,
  );
}

/** A Map and a subscriber to a channel and to the server's messages about keys that begin with `bare:`, which empties it. */
async function bareListener(url) {
  const client = new Redis(url, { protocol: 2 });
  const held = new Map();
  client.on('messageBuffer', () => held.clear());
  const id = await client.client('ID');
  await client.client('TRACKING', 'ON', 'REDIRECT', id, 'BCAST', 'PREFIX', 'bare:');
  await client.subscribe('__redis__:invalidate', CHANNEL);
  return {
    async untilTold(change) {
      // What the last change has left on its way.
      await turn();
      held.set(BARE_KEY, toolResult);
      // Asked as a cache is: each answer is a copy.
      return timeUntil(change, async () => plainCopy(held.get(BARE_KEY)) === undefined);
    },
    disconnect: () => client.disconnect(),
  };
}
