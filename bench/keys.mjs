/**
 * What does a key cost? Compares `CacheKeyGenerator.hash` with the bare parts that any such key needs, JSON text and
 * its SHA-256, in the same run. Target: at most 1.4 times as long.
 *
 * Run `npm run build` first, then `node bench/keys.mjs`.
 */
import { hash } from 'node:crypto';
import { CacheKeyGenerator } from 'nestjs-agent-cache/core';

const SENTENCE = 'The tool answered, and the agent read the file again to see what had changed.';

const params = {
  path: 'src/core/cache.ts',
  pattern: 'class \\w+',
  limit: 100,
  recursive: true,
  include: ['*.ts', '*.md'],
  exclude: null,
  options: { caseSensitive: false, context: 3, encoding: 'utf8' },
};

const message = (turn) => ({
  role: turn % 2 ? 'tool' : 'assistant',
  content: `${SENTENCE} ${turn}\n${SENTENCE.repeat(4)}`,
  id: `call_${turn}`,
  name: 'read_file',
  args: { path: `src/file-${turn}.ts`, limit: 100 },
});

const record = (id) => ({
  sku: `sku-${id}`,
  price: id * 1.25,
  stock: id % 7,
  active: id % 3 === 0,
  name: `Item ${id}`,
});

/** As many as make up `bytes` of JSON. */
function list(bytes, make) {
  const items = [];
  for (let size = 0; size < bytes; size += JSON.stringify(items.at(-1)).length + 1) items.push(make(items.length));
  return items;
}

const CASES = {
  '200 B of parameters': params,
  '2 KB of messages': { messages: list(2_000, message), model: 'm' },
  '2 KB of records': { records: list(2_000, record), page: 1 },
  '64 KB of messages': { messages: list(64_000, message), model: 'm' },
  '64 KB of records': { records: list(64_000, record), page: 1 },
  '64 KB of numbers': { vector: list(64_000, (index) => Math.sin(index)) },
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
