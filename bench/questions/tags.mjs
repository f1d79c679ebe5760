/**
 * What do tags cost? A hit with five of them against one without (limit), commands that hits send, and the commands and
 * time that it takes to invalidate everything under one tag (limit of the time: one SET).
 */
import assert from 'node:assert/strict';
import { Redis } from 'ioredis';
import { counting, twoTiers } from '../lib/caches.mjs';
import { inTurns, pace, timeOf } from '../lib/rounds.mjs';
import { countRow, row } from '../lib/rows.mjs';
import { keysOf, toolResult } from '../lib/values.mjs';

const TAGS = ['team-1', 'docs', 'index', 'model-a', 'nightly'];
const BATCH = 250;

export async function measure({ url, rounds, roundMs, isQuick }) {
  const redis = new Redis(url);
  const cache = await twoTiers(url, 'bench-tags', { memory: { maxBytes: 256 * 1024 * 1024 } });
  try {
    return [
      ...(await hits({ cache, redis, rounds, roundMs })),
      ...(await invalidation({ cache, redis, count: isQuick ? 1_000 : 100_000 })),
    ];
  } finally {
    redis.disconnect();
    await cache.close();
  }
}

async function hits({ cache, redis, rounds, roundMs }) {
  const counter = { loads: 0 };
  const loader = counting(counter, toolResult);
  const sides = { ours: [keysOf('tagged', 100), { tags: TAGS }], limit: [keysOf('plain', 100), {}] };
  let calls = 0;
  const hitIn =
    ([keys, policy]) =>
    (index) => {
      calls++;
      return cache.getOrLoad(keys[index % keys.length], loader, policy);
    };
  const rivals = Object.fromEntries(
    Object.entries(sides).map(([name, side]) => [name, () => pace(hitIn(side), roundMs)]),
  );
  // The first time they are loaded, the second time read from Redis.
  await inTurns(rivals, 1);
  calls = 0;
  const before = await commandsOf(redis);
  const { ours, limit } = await inTurns(rivals, rounds);
  const perHit = ((await commandsOf(redis)) - before) / calls;
  return [row('tags, hit', '/s', ours, limit), row('tags, commands per hit', '', [perHit], null)];
}

async function invalidation({ cache, redis, count }) {
  const tag = 'everything';
  const keys = keysOf('under-one-tag', count);
  for (let at = 0; at < count; at += BATCH) {
    const entries = keys.slice(at, at + BATCH).map((key) => [key, { key }]);
    assert.equal(await cache.setMany(entries, { tags: [tag] }), true);
  }
  const sample = [keys[0], keys[count >> 1], keys[count - 1]];
  assert.ok((await cache.getMany(sample, { tags: [tag] })).every((value) => value !== undefined));
  const setMs = await timeOf(() => redis.set('bare:version', 'a'));
  let tookMs;
  const commands = await commandsDuring(redis, async () => {
    tookMs = await timeOf(async () => assert.deepEqual(await cache.invalidate({ tag }), { acknowledged: true }));
  });
  assert.ok((await cache.getMany(sample, { tags: [tag] })).every((value) => value === undefined));
  const note = `${count.toLocaleString('en')} keys`;
  const canaries = commands.filter((words) => words.some((word) => word.includes(':~c:'))).length;
  const canaryNote = canaries > 0 ? `, + ${canaries} to the channel` : '';
  const names = commands.length > 1 ? `: ${commands.map(([name]) => name).join(' ')}` : '';
  return [
    countRow('tags, commands to invalidate', [commands.length - canaries], `${note}${canaryNote}${names}`),
    row('tags, time to invalidate', 'ms', [tookMs], [setMs], { note }),
  ];
}

/** What clients send when they connect, and what this question itself asks. */
const isConnecting = (command) => /^(info|client|hello)/i.test(command);

/** How many commands the server has run, other than this question and those of connections that are being made. */
async function commandsOf(redis) {
  const stats = await redis.info('commandstats');
  const counts = [...stats.matchAll(/^cmdstat_([\w|]+):calls=(\d+)/gm)].filter(([, name]) => !isConnecting(name));
  return counts.reduce((sum, [, , calls]) => sum + Number(calls), 0);
}

/** The commands, as lists of words, that reach the server while `work` is done. */
async function commandsDuring(redis, work) {
  const monitor = await redis.monitor();
  const commands = [];
  const end = 'bench:end';
  const ended = new Promise((resolve) => {
    monitor.on('monitor', (_time, words) =>
      words.includes(end) ? resolve() : isConnecting(words[0]) || commands.push(words),
    );
  });
  await work();
  await redis.ping(end);
  await ended;
  monitor.disconnect();
  // Until it is closed it hears more.
  return [...commands];
}
