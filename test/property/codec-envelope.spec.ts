import assert from 'node:assert';
import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createEnvelopeCodec } from '../../src/codec/envelope-codec.js';
import { createValueCodec } from '../../src/codec/value-codec.js';
import type { Envelope, EnvelopeCodec } from '../../src/core/ports/codec.js';
import { anyText, propertyName, storableValue, text } from '../support/arbitraries.js';

const plain = createEnvelopeCodec({ compressMinBytes: 0, encryptionKeys: [] });
const compressed = createEnvelopeCodec({ compressMinBytes: 1, encryptionKeys: [] });
const encrypted = createEnvelopeCodec({ compressMinBytes: 0, encryptionKeys: [{ id: 'k1', key: randomBytes(32) }] });
const both = createEnvelopeCodec({ compressMinBytes: 1, encryptionKeys: [{ id: 'k1', key: randomBytes(32) }] });
const CODECS: readonly (readonly [string, EnvelopeCodec])[] = Object.entries({ plain, compressed, encrypted, both });

const payload = fc.oneof(
  fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
  fc.tuple(text, fc.nat(200)).map(([repeated, times]) => Buffer.from(repeated.repeat(times))),
);

const envelope: fc.Arbitrary<Envelope> = fc.record(
  {
    key: fc.oneof(text, anyText),
    encoded: fc.record({ format: fc.constantFrom('json', 'rich', 'n32'), bytes: payload }, { noNullPrototype: true }),
    storedAtMs: fc.nat(2 ** 42),
    expiresAtMs: fc.nat(2 ** 42),
    snapshot: fc
      .array(fc.tuple(fc.oneof(text, propertyName), text), { maxLength: 3 })
      .map((tokens) => Object.fromEntries(tokens)),
    loadMs: fc.double({ min: 0, max: 1e6, noNaN: true }).map((ms) => ms + 0),
  },
  { noNullPrototype: true },
);

/** One change to stored bytes, as a fault or an attacker makes it. */
const damage: fc.Arbitrary<(bytes: Buffer) => Buffer> = fc
  .record({
    kind: fc.constantFrom('bit', 'byte', 'cut', 'cutFront', 'append', 'insert', 'remove', 'swap', 'zero'),
    at: fc.nat(),
    other: fc.nat(),
    byte: fc.nat(255),
  })
  .map(
    ({ kind, at, other, byte }) =>
      (bytes) =>
        damaged(Buffer.from(bytes), kind, at % bytes.length, other % bytes.length, byte),
  );

function damaged(bytes: Buffer, kind: string, at: number, other: number, byte: number): Buffer {
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
  switch (kind) {
    case 'bit':
      bytes[at] = (bytes[at] as number) ^ (1 << (byte % 8));
      return bytes;
    case 'byte':
      bytes[at] = byte;
      return bytes;
    case 'cut':
      return before;
    case 'cutFront':
      return after;
    case 'append':
      return Buffer.concat([bytes, Buffer.from([byte])]);
    case 'insert':
      return Buffer.concat([before, Buffer.from([byte]), after]);
    case 'remove':
      return Buffer.concat([before, after.subarray(1)]);
    case 'swap':
      [bytes[at], bytes[other]] = [bytes[other] as number, bytes[at] as number];
      return bytes;
    default:
      return bytes.fill(0, Math.min(at, other), Math.max(at, other));
  }
}

const opensTheSame = (codec: EnvelopeCodec): fc.IPropertyWithHooks<[Envelope]> =>
  fc.property(envelope, (sealed) => {
    assert.deepStrictEqual(codec.open(codec.seal(sealed), sealed.key), sealed);
  });

/** Whatever is done to stored bytes: they open as what was sealed, or not at all. */
const findsDamage = (codec: EnvelopeCodec): fc.IPropertyWithHooks<[Envelope, ((bytes: Buffer) => Buffer)[]]> =>
  fc.property(envelope, fc.array(damage, { minLength: 1, maxLength: 3 }), (sealed, damages) => {
    const stored = codec.seal(sealed);
    const changed = damages.reduce((bytes, apply) => (bytes.length === 0 ? bytes : apply(bytes)), stored);
    const opened = codec.open(changed, sealed.key);
    if (changed.equals(stored)) assert.deepStrictEqual(opened, sealed);
    else assert(opened === null, 'damage is not taken for an envelope of another key');
  });

const staysWithItsKey = (codec: EnvelopeCodec): fc.IPropertyWithHooks<[Envelope, string]> =>
  fc.property(envelope, fc.oneof(text, anyText), (sealed, key) => {
    const opened = codec.open(codec.seal(sealed), key);
    assert.strictEqual(opened === null || opened === 'foreign', key !== sealed.key);
  });

/** Trusts the bytes: mends the checksum of whatever it is given. */
const withoutChecksum: EnvelopeCodec = {
  seal: (sealed) => plain.seal(sealed),
  open: (bytes, key) => {
    const guarded = bytes.subarray('ac1 00000000 '.length);
    const checksum = crc32(guarded).toString(16).padStart(8, '0');
    return plain.open(Buffer.concat([Buffer.from(`ac1 ${checksum} `), guarded]), key);
  },
};

/** Opens under whatever key the bytes name. */
const withoutKey: EnvelopeCodec = {
  seal: (sealed) => plain.seal(sealed),
  open: (bytes) => plain.open(bytes, /"k":"(.*?)","f"/s.exec(bytes.toString())?.[1] ?? ''),
};

describe.each(CODECS)('any envelope, %s', (_, codec) => {
  it('opens as it was sealed', () => {
    fc.assert(opensTheSame(codec), { numRuns: 2_000 });
  });

  it('opens for no other key', () => {
    fc.assert(staysWithItsKey(codec), { numRuns: 1_000 });
  });

  it('does not open when anything of it was changed', () => {
    fc.assert(findsDamage(codec), { numRuns: 10_000 });
  });

  it('is not taken from bytes of anybody else', () => {
    fc.assert(
      fc.property(fc.uint8Array(), text, (bytes, key) => codec.open(Buffer.from(bytes), key) === null),
      { numRuns: 1_000 },
    );
  });
});

describe('any value that can be stored', () => {
  const values = createValueCodec();
  const emptyBytes = fc.constantFrom(Buffer.alloc(0), new Uint8Array(0), new Float32Array(0), new Float64Array(0));

  it.each(CODECS)('comes back equal through both codecs, %s', (_, codec) => {
    fc.assert(
      fc.property(fc.oneof({ weight: 9, arbitrary: storableValue }, emptyBytes), envelope, (value, around) => {
        const encoding = values.encode(value);
        assert(encoding.ok);
        const opened = codec.open(codec.seal({ ...around, encoded: encoding.encoded }), around.key);
        assert(opened && opened !== 'foreign');
        const decoding = values.decode(opened.encoded);
        assert(decoding.ok);
        assert.deepStrictEqual(decoding.value, value);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('the checks on envelopes', () => {
  it('would find out a codec without a checksum', () => {
    expect(fc.check(findsDamage(withoutChecksum), { numRuns: 10_000, seed: 1 }).failed).toBe(true);
  });

  it('would find out a codec that opens for any key', () => {
    expect(fc.check(staysWithItsKey(withoutKey), { numRuns: 1_000, seed: 1 }).failed).toBe(true);
  });
});
