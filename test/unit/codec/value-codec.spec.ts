import { deepStrictEqual } from 'node:assert';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { createValueCodec } from '../../../src/codec/value-codec.js';

const codec = createValueCodec();

function formatAndTextOf(value: unknown): [format: string, text: string] {
  const encoding = codec.encode(value);
  if (!encoding.ok) throw new Error(encoding.reason);
  return [encoding.encoded.format, encoding.encoded.bytes.toString()];
}

function roundTrip(value: unknown): unknown {
  const encoding = codec.encode(value);
  if (!encoding.ok) throw new Error(encoding.reason);
  const decoding = codec.decode(encoding.encoded);
  if (!decoding.ok) throw new Error(decoding.reason);
  return decoding.value;
}

function reasonOf(value: unknown): string {
  const encoding = codec.encode(value);
  return encoding.ok ? `stored as ${encoding.encoded.format}` : encoding.reason;
}

const nested = (levels: number): unknown => {
  let value: unknown = 1;
  for (let level = 0; level < levels; level++) value = level % 2 ? [value] : { a: value };
  return value;
};

const nestedIn = (levels: number, wrap: (inner: unknown) => unknown): unknown =>
  Array.from({ length: levels }).reduce(wrap, 1);

const inMap = (inner: unknown): unknown => new Map([['a', inner]]);
const inSet = (inner: unknown): unknown => new Set([inner]);
const inBareObject = (inner: unknown): unknown => Object.assign(Object.create(null) as object, { a: inner });

afterEach(() => {
  jest.useRealTimers();
});

describe('plain JSON', () => {
  it('is stored as the text that JSON.stringify writes', () => {
    const value = { text: 'a "b" \n\u2028 \ud800', list: [1, -1.5, true, null, {}], '@type': 'Date', '': 0 };
    expect(formatAndTextOf(value)).toEqual(['json', JSON.stringify(value)]);
    deepStrictEqual(roundTrip(value), value);
  });

  it.each([null, false, 0, '', [], {}])('is stored when it is %j', (value) => {
    expect(formatAndTextOf(value)).toEqual(['json', JSON.stringify(value)]);
    deepStrictEqual(roundTrip(value), value);
  });

  it('keeps an own __proto__, and pollutes nothing', () => {
    const value = JSON.parse('{"__proto__":{"isAdmin":true},"at":1}') as object;
    const copy = roundTrip(value) as object;
    deepStrictEqual(copy, value);
    expect(Object.hasOwn(copy, '__proto__')).toBe(true);
    expect('isAdmin' in copy).toBe(false);
    expect('isAdmin' in {}).toBe(false);
  });

  it('may be frozen, and shared within a value', () => {
    const shared = Object.freeze({ a: 1 });
    const copy = roundTrip([shared, shared]) as object[];
    deepStrictEqual(copy, [{ a: 1 }, { a: 1 }]);
    expect(copy[0]).not.toBe(copy[1]);
  });

  it('may come from another realm', () => {
    const foreign: unknown = runInNewContext('({ a: [1, { b: "c" }] })');
    deepStrictEqual(roundTrip(foreign), { a: [1, { b: 'c' }] });
  });

  it('may be five hundred levels deep', () => {
    deepStrictEqual(roundTrip(nested(500)), nested(500));
  });
});

describe('what JSON does not have', () => {
  it('is stored as JSON with tags, for people to read', () => {
    expect(formatAndTextOf({ at: new Date(5), none: undefined })).toEqual([
      'rich',
      '{"at":{"@type":"Date","value":5},"none":{"@type":"undefined"}}',
    ]);
  });

  it.each<[string, unknown]>([
    ['a date', new Date(1e12)],
    [
      'a Map',
      new Map<unknown, unknown>([
        [{ a: 1 }, new Date(0)],
        ['b', undefined],
        [NaN, -0],
      ]),
    ],
    ['a Set', new Set<unknown>([1, '1', null, undefined, [1n]])],
    ['an empty Map', new Map()],
    ['a bigint', -(2n ** 200n)],
    ['a bigint of ten thousand digits', 10n ** 9_999n],
    ['NaN', NaN],
    ['Infinity', [Infinity, -Infinity]],
    ['-0', -0],
    ['undefined properties', { a: undefined, b: { c: undefined } }],
    ['undefined items', [undefined, null]],
    ['an object without a prototype', Object.assign(Object.create(null) as object, { a: { b: 1 }, ['__proto__']: 1 })],
    ['a Buffer inside', { bytes: Buffer.from('hello') }],
    ['bytes inside', { bytes: new Uint8Array([0, 255]) }],
    ['an ArrayBuffer', new Uint8Array([1, 2, 3]).buffer],
    [
      'typed arrays',
      [
        new Int8Array([-1]),
        new Uint8ClampedArray([255]),
        new Int16Array([-1]),
        new Uint16Array([1]),
        new Int32Array([-1]),
      ],
    ],
    [
      'more typed arrays',
      [
        new Uint32Array([1]),
        new Float32Array([NaN, -0]),
        new Float64Array([0.1]),
        new BigInt64Array([-1n]),
        new BigUint64Array([1n]),
      ],
    ],
    ['tags among the names', [1n, { '@type': 'Date', value: 5 }, { '@@type': 1, '@@@type': 2, '@types': 3, type: 4 }]],
    ['an own __proto__', [1n, JSON.parse('{"__proto__":{"a":1}}')]],
  ])('comes back: %s', (_, value) => {
    expect(formatAndTextOf(value)[0]).toBe('rich');
    deepStrictEqual(roundTrip(value), value);
  });

  it('comes back: an invalid date', () => {
    const [copy] = roundTrip([new Date(NaN)]) as Date[];
    expect(copy).toBeInstanceOf(Date);
    expect(copy?.getTime()).toBeNaN();
  });

  it.each([inMap, inSet, inBareObject])('may be five hundred levels deep: case %#', (wrap) => {
    expect(formatAndTextOf(roundTrip(nestedIn(500, wrap)))).toEqual(formatAndTextOf(nestedIn(500, wrap)));
  });

  it('comes back: a date under fake timers', () => {
    jest.useFakeTimers();
    deepStrictEqual(roundTrip({ at: new Date(5) }), { at: new Date(5) });
  });

  it('comes back as what it was in another realm', () => {
    const foreign: unknown = runInNewContext(
      '({ at: new Date(5), m: new Map([[1, new Set([2])]]), f: new Float32Array([1]) })',
    );
    deepStrictEqual(roundTrip(foreign), { at: new Date(5), m: new Map([[1, new Set([2])]]), f: new Float32Array([1]) });
  });
});

describe('bytes', () => {
  it.each<[string, Uint8Array | Float32Array | Float64Array]>([
    ['bytes', Buffer.from([0, 1, 255])],
    ['bytes', Buffer.alloc(0)],
    ['u8', new Uint8Array([0, 1, 255])],
    ['f32', new Float32Array([0.5, NaN, -0, Infinity])],
    ['f64', new Float64Array([0.1, NaN, -0])],
  ])('are stored as they are, in the format %s', (format, value) => {
    expect(formatAndTextOf(value)[0]).toBe(format);
    deepStrictEqual(roundTrip(value), value);
  });

  it('are copied when they go in and when they come out', () => {
    const value = Buffer.from('before');
    const encoding = codec.encode(value);
    value.write('after!');
    if (!encoding.ok) throw new Error(encoding.reason);
    const [one, other] = [codec.decode(encoding.encoded), codec.decode(encoding.encoded)] as { value: Buffer }[];
    one?.value.write('gone!!');
    expect(other?.value.toString()).toBe('before');
    expect(one?.value.buffer.byteLength).toBe(6);
  });

  it('are only those that the array shows', () => {
    deepStrictEqual(roundTrip(new Float32Array([1, 2, 3]).subarray(1, 2)), new Float32Array([2]));
  });

  it('that make up no whole number are not decoded', () => {
    for (const format of ['f32', 'f64', 'n32', 'n64']) {
      expect(codec.decode({ format, bytes: Buffer.alloc(3) })).toEqual({
        ok: false,
        reason: `the bytes are not in the format '${format}'`,
      });
    }
  });
});

describe('a value that would not come back equal', () => {
  const secret = 'sk-secret';
  const cycle: Record<string, unknown> = { secret };
  cycle['self'] = [cycle];
  const sparse: unknown[] = [];
  sparse[1] = secret;

  it.each<[unknown, string]>([
    [undefined, 'undefined is never stored'],
    [() => secret, 'value is a function'],
    [{ items: [0, 1, { run: () => secret }] }, 'value.items[2].run is a function'],
    [[Symbol(secret)], 'value[0] is a symbol'],
    [
      new (class Account {
        secret = secret;
      })(),
      'value is an instance of Account',
    ],
    [
      [
        new (class Money {
          toJSON(): string {
            return secret;
          }
        })(),
      ],
      'value[0] is an instance of Money',
    ],
    [{ cause: new Error(secret) }, 'value.cause is an instance of Error'],
    [/sk-secret/, 'value is an instance of RegExp'],
    [Promise.resolve(secret), 'value is an instance of Promise'],
    [Object(secret), 'value is an instance of String'],
    [new (class Index extends Map {})(), 'value is an instance of Index'],
    [new (class Bytes extends Uint8Array {})(), 'value is an instance of Bytes'],
    [new (class List extends Array {})(), 'value is an instance of List'],
    [new DataView(new ArrayBuffer(1)), 'value is an instance of DataView'],
    [Object.create({ secret }), 'value is an instance of Object'],
    [cycle, 'value is an object that contains itself'],
    [sparse, 'value is an array with holes, or with properties besides its items'],
    [/k(.)/.exec(secret), 'value is an array with holes, or with properties besides its items'],
    [Object.assign([1], { [Symbol(secret)]: 1 }), 'value is an object with a symbol as a key'],
    [{ [Symbol(secret)]: 1 }, 'value is an object with a symbol as a key'],
    [Object.defineProperty({}, 'a', { value: secret }), 'value is an object with hidden properties'],
    [
      {
        get a() {
          return secret;
        },
      },
      'value.a is a getter or setter',
    ],
    [Object.assign(new Date(0), { secret }), 'value is a Date with properties of its own'],
    [new Map([[secret, () => secret]]), 'value[0] is a function'],
    [new Set([1, () => secret]), 'value[1] is a function'],
    [new Proxy({ secret }, {}), 'value is a proxy'],
    [[new Proxy([secret], {})], 'value[0] is a proxy'],
    [
      new Proxy(
        Array.from({ length: 20 }, () => 1),
        { get: () => secret },
      ),
      'value is a proxy',
    ],
    [{ at: new Proxy({ a: 1 }, { get: () => () => secret }) }, 'value.at is a proxy'],
    [Object.assign(Buffer.from('a'), { secret }), 'value is a Buffer with properties of its own'],
    [[Object.assign(Buffer.from('a'), { secret })], 'value[0] is a Buffer with properties of its own'],
    [Object.assign(new Float32Array(2), { secret }), 'value is a Float32Array with properties of its own'],
    [
      { numbers: Object.assign(new Uint8Array(0), { [Symbol(secret)]: 1 }) },
      'value.numbers is a Uint8Array with properties of its own',
    ],
    [Object.defineProperty(new Map(), 'hidden', { value: secret }), 'value is a Map with properties of its own'],
    [Object.assign(new Date(0), { constructor: secret }), 'value is a Date with properties of its own'],
    [Object.assign(new Date(0), { [Symbol(secret)]: 1 }), 'value is a Date with properties of its own'],
    [{ id: 10n ** 10_000n }, 'value.id is a bigint of more than 10000 digits'],
    [nested(501), `value${'.a[0]'.repeat(6)}… is nested deeper than 500 levels`],
    [nestedIn(501, inMap), `value${'[0]'.repeat(12)}… is nested deeper than 500 levels`],
    [nestedIn(501, inSet), `value${'[0]'.repeat(12)}… is nested deeper than 500 levels`],
    [nestedIn(501, inBareObject), `value${'.a'.repeat(12)}… is nested deeper than 500 levels`],
  ])('is refused with its kind and place: case %#', (value, reason) => {
    expect(reasonOf(value)).toBe(reason);
    expect(reasonOf(value)).not.toContain(secret);
  });

  it('is refused when reading it throws', () => {
    const detached = new Uint8Array(1);
    structuredClone(detached, { transfer: [detached.buffer] });
    expect(reasonOf([0, detached])).toBe('value[1] is something that throws when it is read');
  });

  it.each<[string, (inner: unknown) => unknown]>([
    ['arrays', (inner) => [inner, inner]],
    ['Maps', (inner) => new Map([[inner, inner]])],
  ])('is refused when it is a few %s that hold each other again and again', (_, wrap) => {
    expect(reasonOf(nestedIn(40, wrap))).toBe(`value${'[0]'.repeat(12)}… is beyond the first 1000000 parts`);
  });

  it.each<[object, unknown, string]>([
    [Object.prototype, { list: [{ secret }] }, 'value.list[0] is an object with toJSON'],
    [Object.prototype, 5n, 'value is an object with toJSON'],
    [Object.prototype, new Map([[1, new Date(0)]]), 'value is an object with toJSON'],
    [Array.prototype, { list: [secret] }, 'value.list is an object with toJSON'],
    [Array.prototype, new Set([1]), 'value is an object with toJSON'],
  ])('is refused when somebody gave toJSON to all objects or arrays: case %#', (prototype, value, reason) => {
    Object.defineProperty(prototype, 'toJSON', { configurable: true, value: () => 'another' });
    try {
      expect(reasonOf(value)).toBe(reason);
    } finally {
      delete (prototype as { toJSON?: unknown }).toJSON;
    }
  });

  it('is refused in no time when it is an array that claims to be vast', () => {
    const vast = [1];
    vast.length = 4_000_000_000;
    expect(reasonOf(vast)).toMatch(/holes/);
  });

  it('runs no getter on the way', () => {
    let reads = 0;
    const counting = Object.defineProperty({}, 'a', { enumerable: true, get: () => reads++ });
    expect(reasonOf({ counting })).toMatch(/getter/);
    expect(reads).toBe(0);
  });
});

describe('bytes of somebody else', () => {
  const decode = (format: string, text: string): unknown => codec.decode({ format, bytes: Buffer.from(text) });

  it.each([
    ['json', '{"a":'],
    ['json', ''],
    ['rich', '{"@type":"Nothing"}'],
    ['rich', '{"@type":5}'],
    ['rich', '{"@type":"Map","value":5}'],
    ['rich', '{"@type":"bigint","value":"x"}'],
    ['rich', '{"@type":"Float32Array","value":"AAA="}'],
    ['rich', '{"@type":"Buffer"}'],
    ['rich', '{"@type":"constructor","value":""}'],
    ['rich', `${'['.repeat(200_000)}${']'.repeat(200_000)}`],
    ['rich', `${'['.repeat(1_501)}${']'.repeat(1_501)}`],
    ['json', `${'['.repeat(200_000)}${']'.repeat(200_000)}`],
    ['json', `${'['.repeat(501)}${']'.repeat(501)}`],
    ['json', `${'{"a":'.repeat(501)}1${'}'.repeat(501)}`],
    ['rich', '{"@type":"Buffer","value":{"length":1000000000}}'],
    ['rich', '{"@type":"Uint8Array","value":[1,2]}'],
    ['rich', '{"@type":"number","value":{}}'],
    ['rich', `{"@type":"bigint","value":"${'9'.repeat(10_001)}"}`],
    ['yaml', 'a: 1'],
    ['', ''],
  ])('are not decoded as %s: case %#', (format, text) => {
    expect(decode(format, text)).toEqual({ ok: false, reason: `the bytes are not in the format '${format}'` });
  });

  it.each(['json', 'rich'])('are not decoded as %s where they are no UTF-8', (format) => {
    for (const bytes of ['22ff22', '22eda08022', '22c022']) {
      expect(codec.decode({ format, bytes: Buffer.from(bytes, 'hex') }).ok).toBe(false);
    }
    expect(codec.decode({ format, bytes: Buffer.from('"é"') })).toEqual({ ok: true, value: 'é' });
  });
});
