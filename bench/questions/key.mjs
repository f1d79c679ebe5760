/** What does a key cost? Limit: JSON text and its SHA-256. `bench/keys.mjs` compares more kinds of values. */
import * as crypto from 'node:crypto';
import { CacheKeyGenerator } from 'nestjs-agent-cache/core';
import { canonicalForms } from '../peers/peers.mjs';
import { inTurns, pace } from '../lib/rounds.mjs';
import { row } from '../lib/rows.mjs';
import { parameters, records } from '../lib/values.mjs';

const VALUES = { '200 B': parameters, '2 KB': records(2_000), '64 KB': records(64_000) };

/** `crypto.hash` is not there before Node 20.12. */
const sha256 = crypto.hash
  ? (text) => crypto.hash('sha256', text)
  : (text) => crypto.createHash('sha256').update(text).digest('hex');

/** Keys made before anything is awaited, so that this costs next to nothing. */
const BATCH = 16;

export async function measure({ rounds, roundMs, hasPeers }) {
  const keys = new CacheKeyGenerator();
  const forms = hasPeers ? await canonicalForms() : {};
  const rows = [];
  for (const [size, value] of Object.entries(VALUES)) {
    const times = (make) => async () => 1_000_000 / BATCH / (await pace(() => repeat(make, value), roundMs));
    const ofForm = ([name, form]) => [name, times((each) => sha256(form(each)))];
    const { ours, limit, ...peers } = await inTurns(
      {
        ours: times((each) => keys.hash(each)),
        limit: times((each) => sha256(JSON.stringify(each))),
        ...Object.fromEntries(Object.entries(forms).map(ofForm)),
      },
      rounds,
    );
    rows.push(row(`key, ${size}`, 'µs', ours, limit, { peers }));
  }
  return rows;
}

function repeat(make, value) {
  for (let count = 0; count < BATCH; count++) make(value);
}
