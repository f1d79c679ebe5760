import { randomBytes } from 'node:crypto';
import * as nodeZlib from 'node:zlib';
import { brotliCompressSync, brotliDecompressSync, crc32, gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import type { Zstd } from '../../../src/codec/compression.js';
import { createEnvelopeCodec, type EnvelopeCodecOptions } from '../../../src/codec/envelope-codec.js';
import { CacheArgumentError } from '../../../src/core/errors.js';
import type { Envelope } from '../../../src/core/ports/codec.js';

const codecWith = (options: Partial<EnvelopeCodecOptions> = {}): ReturnType<typeof createEnvelopeCodec> =>
  createEnvelopeCodec({ compressMinBytes: 0, encryptionKeys: [], ...options });

const KEY = 'agent-cache:e:context:task:1';
const envelope = (text = '{"a":1}'): Envelope => ({
  key: KEY,
  encoded: { format: 'json', bytes: Buffer.from(text) },
  storedAtMs: 1_000,
  expiresAtMs: 2_000,
  snapshot: { 'context:task': 'token-1' },
  loadMs: 12.5,
});

/** Stored bytes with this header and payload and a right checksum. */
function stored(header: unknown, payload: Buffer | string = '{"a":1}'): Buffer {
  const guarded = Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), Buffer.from(payload)]);
  return Buffer.concat([Buffer.from(`ac1 ${crc32(guarded).toString(16).padStart(8, '0')} `), guarded]);
}

const HEADER = { k: KEY, f: 'json', s: 1, x: 2, l: 3, v: {}, n: 7 };

describe('an envelope', () => {
  it('is readable: one line about the value, then the value', () => {
    const [line, payload, ...rest] = codecWith().seal(envelope()).toString().split('\n');
    expect(line).toMatch(/^ac1 [0-9a-f]{8} \{.*\}$/);
    expect(JSON.parse(line?.slice('ac1 00000000 '.length) ?? '')).toEqual({
      k: KEY,
      f: 'json',
      s: 1_000,
      x: 2_000,
      l: 12.5,
      v: { 'context:task': 'token-1' },
      n: 7,
    });
    expect(payload).toBe('{"a":1}');
    expect(rest).toEqual([]);
  });

  it('opens from what another process wrote', () => {
    expect(codecWith().open(stored(HEADER), KEY)).toEqual({
      key: KEY,
      encoded: { format: 'json', bytes: Buffer.from('{"a":1}') },
      storedAtMs: 1,
      expiresAtMs: 2,
      loadMs: 3,
      snapshot: {},
    });
  });

  it.each<[string, Buffer]>([
    ['nothing', Buffer.alloc(0)],
    ['plain JSON', Buffer.from('{"a":1}')],
    ['the beginning alone', Buffer.from('ac1 ')],
    ['no line feed', Buffer.from('ac1 00000000 {}')],
    ['a later version', Buffer.from(codecWith().seal(envelope()).toString().replace('ac1', 'ac2'))],
    ['a header that is no object', stored(null)],
    ['a header that is a list', stored([])],
    ['a key that is not text', stored({ ...HEADER, k: 1 })],
    ['no format', stored({ ...HEADER, f: undefined })],
    ['a time that is not a number', stored({ ...HEADER, x: '2' })],
    ['no time', stored({ ...HEADER, s: undefined })],
    ['no snapshot', stored({ ...HEADER, v: null })],
    ['a token that is not text', stored({ ...HEADER, v: { a: 1 } })],
    ['another length', stored({ ...HEADER, n: 6 })],
    ['a payload that is no compressed one', stored({ ...HEADER, c: 100 })],
    ['a negative length', stored({ ...HEADER, c: -1 })],
    ['a negative time', stored({ ...HEADER, s: -1 })],
    ['a time that no clock shows', stored({ ...HEADER, x: 1e300 })],
    ['a load that took less than no time', stored({ ...HEADER, l: -1 })],
    ['a length of no bytes', stored({ ...HEADER, c: 0 })],
  ])('is not %s', (_, bytes) => {
    expect(codecWith().open(bytes, KEY)).toBeNull();
  });

  describe('whose checksum begins with a zero', () => {
    const times = Array.from({ length: 1_000 }, (_, s) => stored({ ...HEADER, s }).toString());
    const sealed = times.find((text) => /^ac1 0[0-9a-f]{7} /.test(text)) ?? '';

    it('opens', () => {
      expect(codecWith().open(Buffer.from(sealed), KEY)).toMatchObject({ key: KEY });
    });

    it.each<[string, string]>([
      ['without that zero', sealed.replace('ac1 0', 'ac1 ')],
      ['with a letter of no number behind it', sealed.replace(/ac1 0([0-9a-f]{7})/, 'ac1 $1z')],
    ])('does not open %s', (_, altered) => {
      expect(codecWith().open(Buffer.from(altered), KEY)).toBeNull();
    });
  });

  it.each([Buffer.alloc(0), Buffer.from(new ArrayBuffer(0))])('opens when its payload is empty: case %#', (bytes) => {
    const empty = { ...envelope(), encoded: { format: 'bytes', bytes } };
    expect(codecWith().open(codecWith().seal(empty), KEY)).toEqual(empty);
  });

  it('is foreign under another key, also one that is compressed in a way that is not known here', () => {
    expect(codecWith().open(codecWith().seal(envelope()), `${KEY}0`)).toBe('foreign');
    expect(codecWith().open(stored({ ...HEADER, c: 9, z: 'lzma' }), `${KEY}0`)).toBe('foreign');
  });

  it('is not foreign but broken when it is cut or altered, whatever key it names', () => {
    const sealed = codecWith().seal(envelope());
    expect(codecWith().open(sealed.subarray(0, -1), `${KEY}0`)).toBeNull();
    expect(codecWith().open(Buffer.from(sealed.toString().replace('task', 'tusk')), KEY)).toBeNull();
    expect(codecWith().open(stored({ ...HEADER, n: 6 }), `${KEY}0`)).toBeNull();
  });
});

describe('an envelope that is too large', () => {
  const groups = (count: number): Record<string, string> =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`tag:${index}`, 'token']));

  it.each<[string, Envelope['snapshot']]>([
    ['more than 10,000 groups', groups(10_001)],
    ['more than a mebibyte of header', { a: 'x'.repeat(1024 * 1024) }],
  ])('is neither written nor read, with %s', (_, snapshot) => {
    expect(() => codecWith().seal({ ...envelope(), snapshot })).toThrow(RangeError);
    expect(codecWith().open(stored({ ...HEADER, v: snapshot }), KEY)).toBeNull();
  });

  it('has room for 10,000 groups', () => {
    const large = { ...envelope(), snapshot: groups(10_000) };
    expect(codecWith().open(codecWith().seal(large), KEY)).toEqual(large);
  });

  it.each([0, 1])('is not read with a payload beyond the bound, compressed or not: case %#', (compressMinBytes) => {
    const large = { ...envelope(), encoded: { format: 'bytes', bytes: Buffer.alloc(3 * 1024 * 1024) } };
    const sealed = codecWith({ compressMinBytes }).seal(large);
    expect(codecWith({ maxPayloadBytes: 3 * 1024 * 1024 }).open(sealed, KEY)).toEqual(large);
    expect(codecWith({ maxPayloadBytes: 1024 * 1024 }).open(sealed, KEY)).toBeNull();
  });
});

describe('compression', () => {
  const long = JSON.stringify({ text: 'the same again and again '.repeat(200) });

  it('makes a payload smaller from the given size on', () => {
    const codec = codecWith({ compressMinBytes: 100 });
    expect(codec.seal(envelope(long)).length).toBeLessThan(500);
    expect(codec.open(codec.seal(envelope(long)), KEY)).toEqual(envelope(long));
    expect(codec.seal(envelope('"short, short, short, short, short"')).toString()).toContain('short, short, short');
  });

  it('is off at 0', () => {
    expect(codecWith().seal(envelope(long)).length).toBeGreaterThan(long.length);
  });

  it('leaves alone what it would not make smaller', () => {
    const noise = { ...envelope(), encoded: { format: 'bytes', bytes: randomBytes(2_000) } };
    expect(codecWith({ compressMinBytes: 1 }).seal(noise)).toEqual(codecWith().seal(noise));
  });

  it('is read by a codec that does not compress', () => {
    expect(codecWith().open(codecWith({ compressMinBytes: 1 }).seal(envelope(long)), KEY)).toEqual(envelope(long));
  });

  it('does not expand to more than was stored', () => {
    const bomb = gzipSync(Buffer.alloc(1024 * 1024));
    const header = { ...HEADER, n: bomb.length };
    const opened = codecWith().open(stored({ ...header, c: 1024 * 1024 }, bomb), KEY);
    expect(opened).toMatchObject({ encoded: { bytes: Buffer.alloc(1024 * 1024) } });
    expect(codecWith().open(stored({ ...header, c: 1024 * 1024 - 1 }, bomb), KEY)).toBeNull();
    expect(codecWith().open(stored({ ...header, c: 1024 * 1024 + 1 }, bomb), KEY)).toBeNull();
    expect(
      codecWith({ maxExpandedBytes: 1024 * 1024 - 1 }).open(stored({ ...header, c: 1024 * 1024 }, bomb), KEY),
    ).toBeNull();
  });

  it('takes no memory for what a bomb would expand to', () => {
    const bomb = gzipSync(Buffer.alloc(128 * 1024 * 1024), { level: 1 });
    const before = process.memoryUsage().rss;
    expect(codecWith().open(stored({ ...HEADER, n: bomb.length, c: 1_000 }, bomb), KEY)).toBeNull();
    expect(codecWith().open(stored({ ...HEADER, n: bomb.length, c: 128 * 1024 * 1024 }, bomb), KEY)).toBeNull();
    expect(process.memoryUsage().rss - before).toBeLessThan(32 * 1024 * 1024);
  });

  it('never writes what it could not read back', () => {
    const codec = codecWith({ compressMinBytes: 1, maxExpandedBytes: 1_000 });
    expect(codec.open(codec.seal(envelope(long)), KEY)).toEqual(envelope(long));
  });
});

describe('zstd', () => {
  const long = JSON.stringify({ text: 'the same again and again '.repeat(200) });
  const without = {};
  /** Stands in for it where Node does not have it, in a form that nobody else reads. */
  const standIn = {
    zstdCompressSync: (payload: Buffer): Buffer => brotliCompressSync(payload),
    zstdDecompressSync: (bytes: Buffer, options: { maxOutputLength: number }): Buffer =>
      brotliDecompressSync(bytes, options),
  } as Zstd;
  const headerOf = (sealed: Buffer): unknown => JSON.parse(sealed.toString('latin1', 13).split('\n')[0] as string);

  it.each<[string, Zstd | undefined]>([
    ['Node', undefined],
    ['a stand-in', standIn],
  ])('of %s brings back what it made smaller, and no more than was stored', (_, zlib) => {
    const codec = codecWith({ compressMinBytes: 1, ...(zlib && { zlib }) });
    const sealed = codec.seal(envelope(long));
    expect(sealed.length).toBeLessThan(300);
    expect(codec.open(sealed, KEY)).toEqual(envelope(long));
    const header = headerOf(sealed) as { c: number };
    const payload = sealed.subarray(sealed.indexOf('\n') + 1);
    for (const c of [1, header.c - 1, header.c + 1]) {
      expect(codec.open(stored({ ...header, c }, payload), KEY)).toBeNull();
    }
  });

  it('is named by what it compressed, and used where Node has it', () => {
    const has = 'zstdCompressSync' in nodeZlib;
    expect(headerOf(codecWith({ compressMinBytes: 1, zlib: standIn }).seal(envelope(long)))).toMatchObject({
      z: 'zstd',
    });
    expect((headerOf(codecWith({ compressMinBytes: 1 }).seal(envelope(long))) as { z?: string }).z === 'zstd').toBe(
      has,
    );
  });

  it('leaves a miss to a process that does not have it, and reads what that one wrote', () => {
    const [one, other] = [standIn, without].map((zlib) => codecWith({ compressMinBytes: 1, zlib }));
    expect(other?.open(one?.seal(envelope(long)) as Buffer, KEY)).toBeNull();
    expect(one?.open(other?.seal(envelope(long)) as Buffer, KEY)).toEqual(envelope(long));
  });

  it('leaves entries as they are that name no way of compression', () => {
    const compressed = gzipSync(long);
    const older = stored({ ...HEADER, n: compressed.length, c: long.length }, compressed);
    for (const zlib of [standIn, without]) {
      expect(codecWith({ zlib }).open(older, KEY)).toMatchObject({ encoded: { bytes: Buffer.from(long) } });
    }
    expect(
      codecWith().open(stored({ ...HEADER, n: compressed.length, c: long.length, z: 'lzma' }, compressed), KEY),
    ).toBeNull();
  });
});

describe('encryption', () => {
  const one = { id: 'k1', key: randomBytes(32) };
  const two = { id: 'k2', key: randomBytes(32) };
  const secret = envelope('{"password":"sesame"}');

  it('shows neither value nor snapshot nor format nor times', () => {
    const sealed = codecWith({ encryptionKeys: [one] }).seal(secret);
    const [line = ''] = sealed.toString('latin1').split('\n');
    expect(line).toMatch(/^ac1 gcm \{"e":"k1","n":"[A-Za-z0-9+/]{16}"\}$/);
    for (const hidden of ['password', 'sesame', 'token-1', 'context:task', '2000']) {
      expect(sealed.toString('latin1')).not.toContain(hidden);
    }
  });

  it('gives other bytes each time', () => {
    const codec = codecWith({ encryptionKeys: [one] });
    expect(codec.seal(secret).equals(codec.seal(secret))).toBe(false);
  });

  it('works together with compression, and hides what was compressed', () => {
    const codec = codecWith({ encryptionKeys: [one], compressMinBytes: 1 });
    const long = envelope(JSON.stringify('sesame '.repeat(1_000)));
    expect(codec.seal(long).length).toBeLessThan(600);
    expect(codec.open(codec.seal(long), KEY)).toEqual(long);
  });

  it('opens with any of its keys and writes with the first', () => {
    const before = codecWith({ encryptionKeys: [one] });
    const rotated = codecWith({ encryptionKeys: [two, one] });
    expect(rotated.open(before.seal(secret), KEY)).toEqual(secret);
    expect(rotated.seal(secret).toString('latin1')).toContain('"e":"k2"');
    expect(before.open(rotated.seal(secret), KEY)).toBeNull();
  });

  it('does not open with another key of the same id', () => {
    const sealed = codecWith({ encryptionKeys: [one] }).seal(secret);
    expect(codecWith({ encryptionKeys: [{ ...two, id: 'k1' }] }).open(sealed, KEY)).toBeNull();
  });

  it('does not open what is not encrypted, nor without keys what is', () => {
    expect(codecWith({ encryptionKeys: [one] }).open(codecWith().seal(secret), KEY)).toBeNull();
    expect(codecWith().open(codecWith({ encryptionKeys: [one] }).seal(secret), KEY)).toBeNull();
  });

  it('does not open under another key, even where the bytes were moved', () => {
    const codec = codecWith({ encryptionKeys: [one] });
    expect(codec.open(codec.seal(secret), `${KEY}0`)).toBeNull();
  });

  it('does not open with a shorter tag', () => {
    const codec = codecWith({ encryptionKeys: [one] });
    const sealed = codec.seal(secret);
    for (let cut = 1; cut <= 20; cut++) expect(codec.open(sealed.subarray(0, -cut), KEY)).toBeNull();
  });

  it.each<[string, EnvelopeCodecOptions['encryptionKeys']]>([
    ['a key that is too short', [{ id: 'k1', key: randomBytes(16) }]],
    ['a second key that is too long', [one, { id: 'k2', key: randomBytes(33) }]],
    ['two keys of one id', [one, { ...two, id: 'k1' }]],
  ])('refuses %s', (_, encryptionKeys) => {
    expect(() => codecWith({ encryptionKeys })).toThrow(CacheArgumentError);
  });
});
