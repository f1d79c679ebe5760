import { describe, expect, it } from '@jest/globals';
import { createValueCodec } from '../../../src/codec/value-codec.js';
import { decodeNumbers, encodeVector } from '../../../src/codec/vector.js';

const codec = createValueCodec();
const vectorOf = (numberAt: (index: number) => number, length = 16): number[] =>
  Array.from({ length }, (_, index) => numberAt(index));

const formatOf = (value: unknown): string => {
  const encoding = codec.encode(value);
  return encoding.ok ? encoding.encoded.format : encoding.reason;
};

describe('a vector', () => {
  const single = vectorOf((index) => Math.fround(Math.sin(index)));
  const double = vectorOf((index) => Math.sin(index));

  it('takes 4 bytes a number where that loses nothing, else 8', () => {
    expect(encodeVector(single)).toMatchObject({ format: 'n32', bytes: { length: 64 } });
    expect(encodeVector(double)).toMatchObject({ format: 'n64', bytes: { length: 128 } });
    expect(encodeVector(new Float32Array(single))).toMatchObject({ format: 'f32', bytes: { length: 64 } });
  });

  it.each<[string, number[]]>([
    ['n32', single],
    ['n64', double],
    ['n32', vectorOf(() => -0)],
    ['n64', vectorOf(() => Number.MAX_VALUE)],
    ['n64', vectorOf(() => 5e-324)],
    ['n64', vectorOf((index) => (index === 15 ? 0.1 : 1))],
  ])('comes back to the last bit: %s, case %#', (format, vector) => {
    const encoding = codec.encode(vector);
    if (!encoding.ok) throw new Error(encoding.reason);
    expect(encoding.encoded.format).toBe(format);
    const decoding = codec.decode(encoding.encoded);
    const copy = decoding.ok ? (decoding.value as number[]) : [];
    expect(Array.isArray(copy)).toBe(true);
    expect(copy.length).toBe(vector.length);
    expect(copy.every((number, index) => Object.is(number, vector[index]))).toBe(true);
  });

  it('comes back as the type it was', () => {
    const decoding = codec.decode(encodeVector(new Float32Array(single)) ?? { format: '', bytes: Buffer.alloc(0) });
    expect(decoding).toEqual({ ok: true, value: new Float32Array(single) });
    expect(decodeNumbers(encodeVector(single) ?? { format: '', bytes: Buffer.alloc(0) })).toEqual(single);
  });

  it('is none where something else is among the numbers', () => {
    const withNote = Object.assign([...single], { note: 1 });
    const withHole: number[] = [];
    withHole[16] = 1;
    for (const items of [['1'], [NaN], [Infinity], [1n], [null], [undefined]]) {
      expect(encodeVector([...single, ...items] as number[])).toBeNull();
    }
    expect(encodeVector(withNote)).toBeNull();
    expect(encodeVector(withHole)).toBeNull();
    expect(encodeVector(Object.assign([...single], { [Symbol('note')]: 1 }))).toBeNull();
    expect(formatOf(withNote)).toMatch(/properties besides its items/);
    expect(formatOf(withHole)).toMatch(/holes/);
  });

  it('is recognised from 16 numbers on, so that shorter lists stay readable', () => {
    expect(formatOf(single.slice(1))).toBe('json');
    expect(formatOf(single)).toBe('n32');
    expect(formatOf([...single, NaN])).toBe('rich');
    expect(formatOf([...single, 'a'])).toBe('json');
  });
});
