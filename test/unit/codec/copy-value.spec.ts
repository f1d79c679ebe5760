import assert from 'node:assert';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { copyValue } from '../../../src/codec/copy-value.js';
import { objectsOf, sharesNothing } from '../../support/value-parts.js';

const { Float16Array } = globalThis as { Float16Array?: new (items: number[]) => ArrayBufferView };
const objectOf = (...entries: [string, unknown][]): object => Object.fromEntries(entries);

const VALUES: Readonly<Record<string, unknown>> = {
  'a text': 'text',
  null: null,
  undefined: undefined,
  'a bigint': 2n ** 70n,
  'minus zero': -0,
  'NaN in a list': [NaN, -0, undefined, null],
  'an object with a key __proto__': objectOf(['a', 1], ['__proto__', { b: [2] }], ['c', 3]),
  'a key __proto__ with a primitive value': objectOf(['__proto__', 7]),
  'a key __proto__ with null': objectOf(['__proto__', null]),
  'a key __proto__ in each record of a list': [1, 2].map((n) => objectOf(['__proto__', { n }], ['n', { n }])),
  'a key constructor': { constructor: 'x', inner: { constructor: null, a: [{}] } },
  'records with a key constructor': [{ constructor: 'x', inner: { a: 1 } }],
  'an object without a prototype': Object.assign(Object.create(null) as object, { a: { b: 1 }, ['__proto__']: [1] }),
  'numbers as keys': { 10: 'a', 2: 'b', x: { 1: 'c' } },
  'hundreds of keys': Object.fromEntries(Array.from({ length: 400 }, (_, index) => [`key ${index}`, { index }])),
  'records of hundreds of keys': [{ a: 1 }, Object.fromEntries(Array.from({ length: 400 }, (_, n) => [`k${n}`, [n]]))],
  'dates, Maps and Sets': {
    at: new Date(7),
    map: new Map<unknown, unknown>([[{ key: [1] }, new Set([{ a: 1 }])]]),
    set: new Set([new Map([['a', new Date(8)]])]),
  },
  'a Buffer': Buffer.from('bytes'),
  'an ArrayBuffer': new Uint8Array([1, 2]).buffer,
  'numbers in their arrays': [new Float32Array([1.5]), new BigInt64Array([5n]), new Uint8ClampedArray([255])],
  ...(Float16Array && { 'half-precision numbers': new Float16Array([0.5]) }),
  'a list of lists': [[[1], []], [], [[{ a: [1] }]]],
  'a list of many kinds': [1, 'a', null, { a: 1 }, [{ b: 2 }], new Date(1), Object.create(null), new Map()],
};

describe('a copy', () => {
  afterEach(() => {
    jest.useRealTimers();
    delete (Object.prototype as { inherited?: unknown }).inherited;
  });

  it.each(Object.entries(VALUES))('of %s is equal and shares nothing', (_, value) => {
    const copy = copyValue(value);
    assert.deepStrictEqual(copy, value);
    expect(sharesNothing(copy, value)).toBe(true);
  });

  it.each(Object.entries(VALUES))('of %s is no different when all objects inherit a property', (_, value) => {
    Object.assign(Object.prototype, { inherited: { by: 'all' } });
    const copy = copyValue(value);
    delete (Object.prototype as { inherited?: unknown }).inherited;
    assert.deepStrictEqual(copy, value);
    expect(sharesNothing(copy, value)).toBe(true);
  });

  it('of a date is one under fake timers too', () => {
    jest.useFakeTimers();
    const date = new Date(5);
    const copy = copyValue({ date }) as { date: Date };
    expect(copy.date).toEqual(date);
    expect(copy.date).not.toBe(date);
  });

  it('keeps an object that looks like a prototype from becoming one', () => {
    const copy = copyValue(JSON.parse('{"__proto__":{"isAdmin":true}}')) as { isAdmin?: boolean };
    expect(copy.isAdmin).toBeUndefined();
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
  });

  it('goes as deep as any value that can be stored', () => {
    let value: unknown = [];
    for (let depth = 0; depth < 499; depth++) value = depth % 2 ? [value] : { value };
    expect(objectsOf(copyValue(value)).size).toBe(500);
  });

  it('refuses what no codec answers rather than share it', () => {
    expect(() => copyValue({ inner: new URL('http://a.example') })).toThrow(TypeError);
  });
});
