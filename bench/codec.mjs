/**
 * What does faithfulness cost, and what do checksum, compression and encryption? Times in microseconds, each the best of
 * many turns, next to bare `JSON.stringify` and `JSON.parse` of the same value in the same run.
 *
 * Run `npm run build` first, then `node bench/codec.mjs`.
 */
import { randomBytes } from 'node:crypto';
import { createEnvelopeCodec } from '../dist/modules/codec/envelope-codec.js';
import { createValueCodec } from '../dist/modules/codec/value-codec.js';

const SENTENCE = 'The tool answered, and the agent read the file again to see what had changed.\n';
const listOf = (length, make) => Array.from({ length }, (_, index) => make(index));

const CASES = {
  'a small result': { path: 'src/index.ts', found: true, lines: [1, 2, 3], size: 1_024 },
  '64 KB of messages': listOf(150, (turn) => ({ role: 'tool', id: `call_${turn}`, content: SENTENCE.repeat(5) })),
  '64 KB of records': listOf(700, (id) => ({ sku: `sku-${id}`, price: id * 1.25, stock: id % 7, name: `Item ${id}` })),
  'dates and Maps': listOf(50, (id) => ({ id, at: new Date(id), tags: new Map([['a', id]]) })),
  'a vector of 1,536': listOf(1_536, (index) => Math.sin(index)),
};

const values = createValueCodec();
const encryptionKeys = [{ id: 'k1', key: randomBytes(32) }];
const ENVELOPES = {
  plain: createEnvelopeCodec({ compressMinBytes: 0, encryptionKeys: [] }),
  compressed: createEnvelopeCodec({ compressMinBytes: 1, encryptionKeys: [] }),
  encrypted: createEnvelopeCodec({ compressMinBytes: 0, encryptionKeys }),
};

function bestOf(run) {
  let best = Infinity;
  const times = 20;
  for (let turn = 0; turn < 100; turn++) {
    const startedAt = performance.now();
    for (let count = 0; count < times; count++) run();
    best = Math.min(best, ((performance.now() - startedAt) * 1_000) / times);
  }
  return Number(best.toFixed(1));
}

function measure(value) {
  const { encoded } = values.encode(value);
  const json = JSON.stringify(value);
  const times = { stored: encoded.format, bytes: encoded.bytes.length };
  times.stringify = bestOf(() => JSON.stringify(value));
  times.encode = bestOf(() => values.encode(value));
  times.parse = bestOf(() => JSON.parse(json));
  times.decode = bestOf(() => values.decode(encoded));
  const envelope = { key: 'k', encoded, storedAtMs: 1, expiresAtMs: 2, snapshot: {}, loadMs: 1 };
  for (const [name, codec] of Object.entries(ENVELOPES)) {
    const sealed = codec.seal(envelope);
    times[`seal ${name}`] = bestOf(() => codec.seal(envelope));
    times[`open ${name}`] = bestOf(() => codec.open(sealed, 'k'));
    if (name === 'compressed') times['compressed to'] = sealed.length;
  }
  return times;
}

console.table(Object.fromEntries(Object.entries(CASES).map(([name, value]) => [name, measure(value)])));
