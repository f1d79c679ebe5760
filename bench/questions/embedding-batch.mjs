/**
 * What do 256 embeddings cost of which half are cached, and how often is the endpoint asked? Limit: one MGET, one call of
 * the same loader, and the missing ones on their way as one pipeline of SET. Nobody waits for what is being stored.
 */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { redisOnly } from '../lib/caches.mjs';
import { inTurns, timeOf } from '../lib/rounds.mjs';
import { countRow, row } from '../lib/rows.mjs';
import { embedding, keysOf } from '../lib/values.mjs';
import { bytesOf, vectorOf } from '../lib/vectors.mjs';

const SIZE = 256;
/** As fast as no endpoint is, so that what the cache adds is seen. */
const LOADER_MS = 5;
const TTL_MS = 60_000;

export async function measure({ url, rounds }) {
  const cache = await redisOnly(url, 'bench-batch');
  const redis = new Redis(url);
  const vectors = Array.from({ length: SIZE }, (_, seed) => embedding(seed));
  const batches = { cache, redis, vectors, loaderCalls: [], turn: 0 };
  const times = await inTurns({ ours: () => viaCache(batches), limit: () => viaRedis(batches) }, rounds);
  redis.disconnect();
  await cache.close();
  return [
    row('embedding batch', 'ms', times.ours, times.limit),
    countRow('embedding batch, loader calls', batches.loaderCalls),
  ];
}

/** New keys for every turn, the even ones of which are cached. */
const freshKeys = (batches) => keysOf(`batch-${batches.turn++}`, SIZE);
const isEven = (_, index) => index % 2 === 0;

async function load({ vectors }, missing) {
  await sleep(LOADER_MS);
  return missing.map((index) => vectors[index]);
}

async function viaCache(batches) {
  const { cache, vectors } = batches;
  const keys = freshKeys(batches);
  const cached = keys.map((key, index) => [key, vectors[index]]).filter(isEven);
  assert.equal(await cache.setMany(cached), true);
  let calls = 0;
  const indexes = new Map(keys.map((key, index) => [key, index]));
  const loader = (missing) => {
    calls++;
    return load(
      batches,
      missing.map((key) => indexes.get(key)),
    );
  };
  let results;
  const tookMs = await timeOf(async () => (results = await cache.getOrLoadMany(keys, loader)));
  assert.deepEqual(results, vectors);
  batches.loaderCalls.push(calls);
  return tookMs;
}

async function viaRedis(batches) {
  const { redis, vectors } = batches;
  const keys = freshKeys(batches).map((key) => `bare:${key}`);
  await redis.mset(
    keys
      .flatMap((key, index) => [[key, bytesOf(vectors[index])]])
      .filter(isEven)
      .flat(),
  );
  let stored;
  const tookMs = await timeOf(async () => {
    const found = await redis.mgetBuffer(keys);
    const absent = [...keys.keys()].filter((index) => found[index] === null);
    const loaded = await load(batches, absent);
    const pipeline = redis.pipeline();
    absent.forEach((index, at) => pipeline.set(keys[index], bytesOf(loaded[at]), 'PX', TTL_MS));
    stored = pipeline.exec();
    const rest = loaded.values();
    return found.map((bytes) => (bytes === null ? rest.next().value : vectorOf(bytes)));
  });
  await stored;
  return tookMs;
}
