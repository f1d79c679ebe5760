import { createDecipheriv } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { createEnvelopeCodec } from '../../src/codec/envelope-codec.js';
import { createValueCodec } from '../../src/codec/value-codec.js';
import { systemClock } from '../../src/composition/system-clock.js';
import type { EntryAddress } from '../../src/core/entry.js';
import { PendingInvalidations } from '../../src/core/invalidation/pending-invalidations.js';
import type { EnvelopeCodec } from '../../src/core/ports/codec.js';
import type { MemoryTier } from '../../src/core/ports/memory-tier.js';
import type { Store } from '../../src/core/ports/store.js';
import { EntryJudge } from '../../src/core/reading/entry-judge.js';
import type { ReadResult } from '../../src/core/reading/read-result.js';
import { ValueCodecs } from '../../src/core/value-codecs.js';
import { takeLeaseOff } from '../../src/tiers/redis/entries/lease-line.js';
import { Random } from '../race/random.js';
import { mutate } from './envelope-mutations.js';

const SEED = Number(process.env.FUZZ_SEED ?? 20_240_607);
const RUNS = 200_000;
/** CPU time that one envelope may take, in microseconds: far more than it does, and far less than a bomb. */
const MAX_MICROSECONDS = 150_000;

const KEY = Buffer.alloc(32, 7);
const KEYS = [
  { id: 'k1', key: KEY },
  { id: 'k2', key: Buffer.alloc(32, 8) },
];
const plain = createEnvelopeCodec({ compressMinBytes: 0, encryptionKeys: [] });
const CODECS: Readonly<Record<string, EnvelopeCodec>> = {
  plain,
  compressed: createEnvelopeCodec({ compressMinBytes: 1, encryptionKeys: [] }),
  encrypted: createEnvelopeCodec({ compressMinBytes: 0, encryptionKeys: KEYS }),
  both: createEnvelopeCodec({ compressMinBytes: 1, encryptionKeys: KEYS }),
};

/** One of each format, and of each tag. */
const VALUES: readonly unknown[] = [
  null,
  'a text with é, 漢 and 😀',
  { id: 7, name: 'a', list: [1, 2.5, -3e9], deep: { a: { b: [{ c: null }] } } },
  JSON.parse('{"__proto__":{"a":1},"constructor":"x"}'),
  { at: new Date(0), big: 12345678901234567890n, not: undefined, nan: NaN, zero: -0, '@type': 'Date' },
  {
    map: new Map<unknown, unknown>([['a', new Set([1n])]]),
    bytes: Buffer.from('bytes'),
    words: new Uint16Array([1, 2]),
  },
  Buffer.from('a buffer of its own'),
  new Uint8Array([0, 255, 10, 13]),
  new Float32Array([1.5, -2.5]),
  new Float64Array([Math.PI]),
  Array.from({ length: 20 }, (_, index) => index / 2),
  Array.from({ length: 20 }, (_, index) => index / 3),
  'the same again and again '.repeat(40),
];

const GROUP = 'ns:fuzz';
/** The same for all, so that nothing but its key keeps one from standing for another. */
const SNAPSHOT = { [GROUP]: 'b7d0b5c4-58a5-4a3a-9d0e-0c3f3f6e7a11', 'tag:a': 'another' };
const addressOf = (index: number): EntryAddress => ({
  key: `fuzz:${index}`,
  storageKey: `app:fuzz:${index}`,
  category: 'fuzz',
  groups: [GROUP],
  codec: undefined,
  isHeld: true,
  isForked: false,
});

interface Sealed {
  readonly value: unknown;
  readonly address: EntryAddress;
  readonly bytes: Buffer;
}

const values = createValueCodec();

function sealAll(codec: EnvelopeCodec): Sealed[] {
  return VALUES.map((value, index) => {
    const encoding = values.encode(value);
    if (!encoding.ok) throw new Error(encoding.reason);
    const address = addressOf(index);
    const times = { storedAtMs: 1_000 + index, expiresAtMs: Date.now() + 3_600_000, loadMs: 12.5 };
    const bytes = codec.seal({ key: address.storageKey, encoded: encoding.encoded, snapshot: SNAPSHOT, ...times });
    return { value, address, bytes };
  });
}

const LEASE = `ac1 lease ${'A'.repeat(22)} 0123456789abcdef 1700000000000\n`;

/** The way from what Redis answers to what a caller gets. */
function opener(envelopes: EnvelopeCodec): (stored: Buffer, sealed: Sealed) => ReadResult {
  const judge = new EntryJudge({
    store: { mode: 'standalone', entries: { distrust: () => undefined } } as unknown as Store,
    memory: { isOn: false } as MemoryTier,
    pending: new PendingInvalidations(),
    values: new ValueCodecs(values),
    envelopes,
    clock: systemClock,
  });
  return (stored, { address }) => {
    const { entry } = takeLeaseOff(stored);
    const opened = judge.open(address, { bytes: entry, lease: null, ttlLeftMs: null }, false);
    const reading = { holdEntry: () => undefined, holdVersion: () => undefined, end: () => undefined };
    return judge.judge(opened, new Map(Object.entries(SNAPSHOT)), { reading, askedAtMs: 0, storeMs: 0, recalls: 0 });
  };
}

/** What is wrong with how the bytes were read; `null`: they are a miss, or are what was sealed and say so. */
function faultOf(result: ReadResult, entry: Buffer | null, { bytes, value }: Sealed): string | null {
  const isUnchanged = entry !== null && entry.equals(bytes);
  if (result.status === 'miss') return isUnchanged ? `what was not changed is a miss (${result.reason})` : null;
  if (!isUnchanged) return 'what was changed is served';
  return isDeepStrictEqual(result.value, value) ? null : 'another value';
}

interface Finding {
  readonly what: string;
  readonly run: number;
  readonly how: string;
  readonly bytes: string;
}

/** The first envelope that is read wrongly, or takes too long; `null`: none of them. */
function fuzz(name: string, envelopes: EnvelopeCodec, runs: number, seed = SEED): Finding | null {
  const random = new Random(seed, name.length);
  const open = opener(envelopes);
  const all = sealAll(envelopes);
  const others = all.map(({ bytes }) => bytes);
  for (let run = 0; run < runs; run++) {
    const sealed = random.of(all);
    const whole = random.chance(0.2) ? Buffer.concat([Buffer.from(LEASE), sealed.bytes]) : sealed.bytes;
    const { bytes, how } = mutate(whole, random, others);
    const finding = (what: string): Finding => ({ what, run, how, bytes: bytes.toString('base64') });
    const before = process.cpuUsage();
    let fault: string | null;
    try {
      fault = faultOf(open(bytes, sealed), takeLeaseOff(bytes).entry, sealed);
    } catch (error) {
      fault = `it throws: ${String(error)}`;
    }
    const { user, system } = process.cpuUsage(before);
    if (fault) return finding(fault);
    if (user + system > MAX_MICROSECONDS) return finding(`it takes ${user + system} µs`);
  }
  return null;
}

/** Gives the bytes a right checksum, as whoever writes them on purpose does. */
function withChecksum(bytes: Buffer): Buffer {
  const start = bytes.indexOf(' {') + 1;
  if (start === 0) return bytes;
  const guarded = bytes.subarray(start);
  return Buffer.concat([Buffer.from(`ac1 ${crc32(guarded).toString(16).padStart(8, '0')} `), guarded]);
}

const said = (finding: Finding | null): string | null => finding && `seed ${SEED}: ${JSON.stringify(finding)}`;

describe('an envelope, whatever was done to its bytes', () => {
  it.each(Object.entries(CODECS))('opens as what was sealed, or is a miss: %s', (name, codec) => {
    expect(said(fuzz(name, codec, RUNS / 4))).toBeNull();
  });

  it('is read without an error, in time, and pollutes nothing where its checksum was made right again', () => {
    const trusting = {
      ...CODECS.compressed,
      open: (bytes: Buffer, key: string) => plain.open(withChecksum(bytes), key),
    };
    const random = new Random(SEED);
    const open = opener(trusting as EnvelopeCodec);
    for (const codec of [plain, CODECS.compressed as EnvelopeCodec]) {
      const all = sealAll(codec);
      const others = all.map(({ bytes }) => bytes);
      for (let run = 0; run < 10_000; run++) {
        const sealed = random.of(all);
        const { bytes, how } = mutate(sealed.bytes, random, others);
        const before = process.cpuUsage();
        const result = open(bytes, sealed);
        const { user, system } = process.cpuUsage(before);
        const isRight = ['hit', 'stale', 'miss'].includes(result.status) && user + system <= MAX_MICROSECONDS;
        if (!isRight) throw new Error(`seed ${SEED}, run ${run}, ${how}: ${bytes.toString('base64')}`);
      }
    }
    expect(Object.keys(Object.prototype)).toEqual([]);
    expect(({} as { a?: number }).a).toBeUndefined();
  });
});

describe('the fuzz of envelopes', () => {
  const unverified = (bytes: Buffer): Buffer | null => {
    const end = bytes.indexOf('\n') + 1;
    const [, id, nonce] = /"e":\s*"(k\d)".*"n":\s*"([^"]*)"/.exec(bytes.toString('latin1', 0, end)) ?? [];
    const key = KEYS.find((known) => known.id === id)?.key;
    if (!key || nonce === undefined) return null;
    const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(nonce, 'base64'));
    return decipher.update(bytes.subarray(end, -16));
  };
  const attempt = (open: () => ReturnType<EnvelopeCodec['open']>): ReturnType<EnvelopeCodec['open']> => {
    try {
      return open();
    } catch {
      return null;
    }
  };

  const MUTANTS: Readonly<Record<string, EnvelopeCodec>> = {
    'does not look at the checksum': { ...plain, open: (bytes, key) => plain.open(withChecksum(bytes), key) },
    'does not look at the key': {
      ...plain,
      open: (bytes) => plain.open(bytes, /"k":"(.*?)","f"/s.exec(bytes.toString())?.[1] ?? ''),
    },
    'does not look at the tag': {
      seal: (envelope) => (CODECS.encrypted as EnvelopeCodec).seal(envelope),
      open: (bytes, key) =>
        attempt(() => {
          const opened = unverified(bytes);
          return opened && plain.open(opened, key);
        }),
    },
    'throws for what is cut': {
      ...plain,
      open: (bytes, key) => {
        if (bytes.length > 0 && bytes.length < 20) throw new RangeError('cut');
        return plain.open(bytes, key);
      },
    },
    'takes a checksum for a number': {
      ...plain,
      open: (bytes, key) => {
        const [, mark] = /^ac1 0*([0-9a-f]{1,8}) /.exec(bytes.toString('latin1', 0, 20)) ?? [];
        if (mark === undefined) return plain.open(bytes, key);
        const rest = bytes.subarray(bytes.indexOf(' ', 4));
        return plain.open(Buffer.concat([Buffer.from(`ac1 ${mark.padStart(8, '0')}`), rest]), key);
      },
    },
  };

  it.each(Object.entries(MUTANTS))('would catch a codec that %s', (name, mutant) => {
    expect(fuzz(name, mutant, RUNS / 4)).not.toBeNull();
  });
});
