import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { classNameOf, isDense, kindOf, type ValueKind } from '../../../src/core/ports/value-kind.js';

const sub = (Base: new () => object, name: string): object =>
  new ({ [name]: class extends Base {} }[name] as new () => object)();

afterEach(() => {
  jest.useRealTimers();
});

describe('the kind of an object', () => {
  it.each<[ValueKind, object]>([
    ['plain', {}],
    ['plain', Object.create(Object.prototype) as object],
    ['null-prototype', Object.create(null) as object],
    ['array', [1]],
    ['date', new Date(NaN)],
    ['map', new Map()],
    ['set', new Set()],
    ['array-buffer', new ArrayBuffer(1)],
    ['buffer', Buffer.alloc(1)],
    ['typed-array', new Uint8Array(1)],
    ['typed-array', new BigInt64Array(1)],
    ['instance', new DataView(new ArrayBuffer(1))],
    ['instance', new WeakMap()],
    ['instance', Object(1) as object],
    ['instance', Object.create({}) as object],
    ['instance', Object.create(Object.create(null) as object) as object],
  ])('is %s: case %#', (kind, value) => {
    expect(kindOf(value)).toBe(kind);
  });

  it.each<[ValueKind, string]>([
    ['plain', '({})'],
    ['array', '[1]'],
    ['date', 'new Date(0)'],
    ['map', 'new Map()'],
    ['set', 'new Set()'],
    ['array-buffer', 'new ArrayBuffer(1)'],
    ['typed-array', 'new Float32Array(1)'],
    ['instance', 'new (class Foreign {})()'],
    ['instance', 'new (class Map extends globalThis.Map {})()'],
    ['instance', 'new (class Array extends globalThis.Array {})()'],
    ['instance', 'new Error()'],
  ])('is %s in another realm too: %s', (kind, code) => {
    expect(kindOf(runInNewContext(code) as object)).toBe(kind);
  });

  it('is a date whether or not fake timers had come in when it was made', () => {
    const real = new Date(0);
    jest.useFakeTimers();
    expect(Object.getPrototypeOf(new Date(0))).not.toBe(Object.getPrototypeOf(real));
    expect([kindOf(real), kindOf(new Date(0))]).toEqual(['date', 'date']);
    expect(kindOf(sub(Date, 'Date'))).toBe('instance');
    expect(kindOf(Object.create(Date.prototype) as object)).toBe('instance');
  });

  it('is not changed by the name of a subclass', () => {
    for (const Base of [Map, Set, Date, Array, Float32Array]) {
      expect(kindOf(sub(Base as new () => object, Base.name))).toBe('instance');
    }
    expect(kindOf(sub(Object, 'Object'))).toBe('instance');
  });

  it('is not changed by what an object claims to be', () => {
    for (const forged of [Map, Set, Date, ArrayBuffer, Uint8Array]) {
      expect(kindOf(Object.create(forged.prototype as object) as object)).toBe('instance');
    }
    expect(kindOf(new (class Map {})())).toBe('instance');
    expect(kindOf({ [Symbol.toStringTag]: 'Map', constructor: Map })).toBe('plain');
    expect(kindOf(new Proxy(new Map(), {}))).toBe('instance');
  });
});

describe('the class name of an object', () => {
  it('is that of its class, whatever the object says', () => {
    expect(classNameOf(new (class Money {})())).toBe('Money');
    expect(classNameOf(Object.assign(new (class Money {})(), { constructor: { name: 'Date' } }))).toBe('Money');
    expect(classNameOf(new (class {})())).toBe('');
    expect(classNameOf(Object.create(null) as object)).toBe('');
    expect(classNameOf(Object.create({ constructor: 5 }) as object)).toBe('');
  });
});

describe('a dense array', () => {
  const withLength = (length: number, items: object): unknown[] => Object.assign([], items, { length });

  it.each<[boolean, unknown[]]>([
    [true, []],
    [true, [1, undefined, null]],
    [false, withLength(1, {})],
    [false, withLength(3, { 0: 1, 2: 1 })],
    [false, withLength(1, { note: 1 })],
    [false, withLength(2, { 0: 1, note: 1 })],
    [false, withLength(2, { 0: 1, '01': 1 })],
    [false, withLength(1, { 0: 1, note: 1 })],
    [false, withLength(0, { note: 1 })],
  ])('has all its items and nothing else: %p for case %#', (isIt, array) => {
    expect(isDense(array)).toBe(isIt);
  });
});
