/**
 * What does a key cost? Compares `CacheKeyGenerator.hash` with the bare parts that any such key needs, JSON text and
 * its SHA-256, in the same run. Target: at most 1.4 times as long.
 *
 * Run `npm run build` first, then `node bench/keys.mjs`.
 */
import { hash } from 'node:crypto';
import { CacheKeyGenerator } from 'nestjs-agent-cache/core';
import { messages, numbers, parameters, records } from './lib/values.mjs';

const CASES = {
  '200 B of parameters': parameters,
  '2 KB of messages': messages(2_000),
  '2 KB of records': records(2_000),
  '64 KB of messages': messages(64_000),
  '64 KB of records': records(64_000),
  '64 KB of numbers': numbers(64_000),
};

const keys = new CacheKeyGenerator();
const RIVALS = {
  bare: (value) => hash('sha256', JSON.stringify(value)),
  key: (value) => keys.hash(value),
};

const microseconds = (run, times) => {
  const startedAt = performance.now();
  for (let count = 0; count < times; count++) run();
  return ((performance.now() - startedAt) * 1_000) / times;
};

/** The best of 150 turns that the rivals take by turns: what the machine does besides hits both alike. */
function compare(value) {
  const times = Math.max(1, Math.round(3_000 / microseconds(() => RIVALS.bare(value), 200)));
  const best = Object.fromEntries(Object.keys(RIVALS).map((name) => [name, Infinity]));
  for (let turn = 0; turn < 150; turn++) {
    for (const [name, rival] of Object.entries(RIVALS)) {
      best[name] = Math.min(
        best[name],
        microseconds(() => rival(value), times),
      );
    }
  }
  return best;
}

console.table(
  Object.fromEntries(
    Object.entries(CASES).map(([name, value]) => {
      const { bare, key } = compare(value);
      return [
        name,
        {
          bytes: JSON.stringify(value).length,
          'JSON + SHA-256 (µs)': Number(bare.toFixed(1)),
          'key (µs)': Number(key.toFixed(1)),
          ratio: Number((key / bare).toFixed(2)),
        },
      ];
    }),
  ),
);
