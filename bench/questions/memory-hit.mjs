/** What does a hit in memory cost, each caller getting a private copy? Limit: lru-cache and a plain recursive copy. */
import assert from 'node:assert/strict';
import { LRUCache } from 'lru-cache';
import { createAgentCache } from 'nestjs-agent-cache/core';
import { counting } from '../lib/caches.mjs';
import { inTurns, pace } from '../lib/rounds.mjs';
import { row } from '../lib/rows.mjs';
import { BY_SIZE, keysOf, plainCopy } from '../lib/values.mjs';

const KEYS = keysOf('hit', 100);

export async function measure({ rounds, roundMs }) {
  const rows = [];
  for (const size of ['8 KB', '600 B']) rows.push(await compare(size, { rounds, roundMs }));
  return rows;
}

async function compare(size, { rounds, roundMs }) {
  const value = BY_SIZE[size];
  const cache = createAgentCache();
  const counter = { loads: 0 };
  const loader = counting(counter, value);
  const lru = new LRUCache({ max: KEYS.length });
  for (const key of KEYS) {
    await cache.getOrLoad(key, loader);
    lru.set(key, plainCopy(value));
  }
  // Awaited like any cache whose answer may have to come from elsewhere.
  const limit = async (index) => plainCopy(lru.get(KEYS[index % KEYS.length]));
  const ours = (index) => cache.getOrLoad(KEYS[index % KEYS.length], loader);
  await assertPrivate(ours, value);
  const results = await inTurns({ ours: () => pace(ours, roundMs), limit: () => pace(limit, roundMs) }, rounds);
  await cache.close();
  assert.equal(counter.loads, KEYS.length, 'a hit has run the loader');
  return row(`memory hit, ${size}`, '/s', results.ours, results.limit);
}

async function assertPrivate(ours, value) {
  const [one, other] = [await ours(0), await ours(0)];
  assert.deepEqual(one, value);
  assert.notEqual(one, other);
}
