import assert from 'node:assert';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createValueCodec } from '../../src/codec/value-codec.js';
import type { ValueCodec } from '../../src/core/ports/codec.js';
import { anyText, Money, objectOf, propertyName, storableValue } from '../support/arbitraries.js';

const codec = createValueCodec();

/** What must fail fails with a seed that is known to show it; what must hold is tried with a new one each time. */
const MUTANT_RUNS = { numRuns: 5_000, seed: 1 };

/** All objects inside, and the memory that bytes lie in. */
function objectsOf(value: unknown, found = new Set<object>()): Set<object> {
  if (typeof value !== 'object' || value === null || found.has(value)) return found;
  found.add(value);
  if (ArrayBuffer.isView(value)) return found.add(value.buffer);
  if (value instanceof Map) for (const entry of value) entry.forEach((half) => objectsOf(half, found));
  if (value instanceof Set) for (const item of value) objectsOf(item, found);
  for (const inner of Object.values(value)) objectsOf(inner, found);
  return found;
}

const sharesNothing = (one: unknown, other: unknown): boolean => {
  const ours = objectsOf(one);
  return [...objectsOf(other)].every((object) => !ours.has(object));
};

/** Names in their order, at every depth: what a caller that prints an object sees. */
const orderOf = (value: unknown): string => {
  const names: string[] = [];
  const walk = (inner: unknown): void => {
    if (typeof inner !== 'object' || inner === null || ArrayBuffer.isView(inner)) return;
    if (inner instanceof Map) for (const entry of inner) entry.forEach(walk);
    else if (inner instanceof Set) for (const item of inner) walk(item);
    else Object.entries(inner).forEach(([name, each]) => (names.push(name), walk(each)));
  };
  walk(value);
  return JSON.stringify(names);
};

const bringsBack = (tried: ValueCodec): fc.IPropertyWithHooks<[unknown]> =>
  fc.property(storableValue, (value) => {
    const encoding = tried.encode(value);
    assert(encoding.ok, encoding.ok ? '' : encoding.reason);
    const { encoded } = encoding;
    const [one, other] = [tried.decode(encoded), tried.decode(encoded)];
    assert(one.ok && other.ok);
    assert.deepStrictEqual(one.value, value);
    assert.strictEqual(orderOf(one.value), orderOf(value));
    assert(sharesNothing(one.value, value) && sharesNothing(one.value, other.value));
    assert(!objectsOf(one.value).has(encoded.bytes.buffer));
  });

/** One of each kind that cannot be brought back; `marker` is content that no reason may show. */
const unstorable = (marker: string): unknown[] => [
  () => marker,
  Symbol(marker),
  new Money(marker),
  new (class Index extends Map {})(),
  new (class Moment extends Date {})(),
  new (class List extends Array {})(),
  Object.create({ marker }),
  new Error(marker),
  new RegExp(marker.replace(/\W/g, '')),
  Promise.resolve(marker),
  new WeakMap(),
  new DataView(new ArrayBuffer(1)),
  new SharedArrayBuffer(1),
  Object(marker),
  new URL('http://a.example'),
  Object.assign([], { length: 1 }),
  Object.assign([1], { marker }),
  Object.assign(new Date(0), { marker }),
  Object.assign(new Set(), { marker }),
  { [Symbol('key')]: marker },
  Object.defineProperty({}, 'hidden', { value: marker }),
  Object.defineProperty({}, 'read', { enumerable: true, get: () => marker }),
  Object.defineProperty({}, 'write', { enumerable: true, set: () => undefined }),
  new Proxy({}, { ownKeys: () => assert.fail(marker) }),
  new Proxy({ marker }, {}),
  new Proxy([marker], {}),
  Object.assign(Buffer.alloc(2), { marker }),
  Object.assign(new Float32Array(2), { marker }),
  Object.assign(new Int16Array(0), { [Symbol('key')]: marker }),
];

type Wrap = (inner: unknown, beside: unknown) => unknown;
const WRAPS: readonly Wrap[] = [
  (inner, beside) => [beside, inner],
  (inner, beside) => ({ beside, inner }),
  (inner) => objectOf([['__proto__', inner]]),
  (inner, beside) =>
    new Map<unknown, unknown>([
      ['beside', beside],
      ['inner', inner],
    ]),
  (inner) => new Map([[inner, 1]]),
  (inner, beside) => new Set([beside, inner]),
  (inner) => Object.assign(Object.create(null) as object, { inner }),
];

const MARKER = 'sk-marker-7f3a';

const refusesTheRest = (tried: ValueCodec): fc.IPropertyWithHooks<[number, unknown, Wrap[]]> =>
  fc.property(fc.nat(), storableValue, fc.array(fc.constantFrom(...WRAPS), { maxLength: 4 }), (pick, beside, wraps) => {
    const all = unstorable(MARKER);
    const value = wraps.reduce((inner, wrap) => wrap(inner, beside), all[pick % all.length]);
    const encoding = tried.encode(value);
    assert(!encoding.ok);
    assert(!encoding.reason.includes(MARKER), encoding.reason);
    assert(/^value(\.[\w$-]+|\[\d+\]|\[…\]){0,5} is /.test(encoding.reason), encoding.reason);
  });

/** What most caches store: JSON. */
const jsonOnly: ValueCodec = {
  encode: (value) => ({ ok: true, encoded: { format: 'json', bytes: Buffer.from(JSON.stringify(value) ?? 'null') } }),
  decode: ({ bytes }) => ({ ok: true, value: JSON.parse(bytes.toString()) as unknown }),
};

/** Brings everything back, but the same object each time. */
function rememberingCodec(): ValueCodec {
  const decoded = new Map<unknown, ReturnType<ValueCodec['decode']>>();
  return {
    encode: (value) => codec.encode(value),
    decode: (encoded) =>
      decoded.get(encoded) ?? decoded.set(encoded, codec.decode(encoded)).get(encoded) ?? assert.fail(),
  };
}

describe('any value that can be stored', () => {
  it('comes back equal, types and order included, and shares nothing', () => {
    fc.assert(bringsBack(codec), { numRuns: 5_000 });
  });

  it('would be found out if it were stored as JSON', () => {
    expect(fc.check(bringsBack(jsonOnly), MUTANT_RUNS).failed).toBe(true);
  });

  it('would be found out if hits shared what they answer', () => {
    expect(fc.check(bringsBack(rememberingCodec()), MUTANT_RUNS).failed).toBe(true);
  });
});

describe('any value with a part that cannot be stored', () => {
  it('is refused with the place, whatever it lies in, and without content', () => {
    fc.assert(refusesTheRest(codec), { numRuns: 5_000 });
  });

  it('would be found out if it were stored as JSON', () => {
    expect(fc.check(refusesTheRest(jsonOnly), MUTANT_RUNS).failed).toBe(true);
  });
});

describe('any bytes', () => {
  const FORMATS = ['json', 'rich', 'bytes', 'u8', 'f32', 'f64', 'n32', 'n64', 'other', '__proto__', ''];
  const jsonLike = fc.letrec<{ json: unknown }>((tie) => ({
    json: fc.oneof(
      { maxDepth: 4 },
      anyText,
      fc.double(),
      fc.constantFrom(
        null,
        true,
        'Map',
        'Set',
        'Date',
        'bigint',
        'Float32Array',
        'ArrayBuffer',
        'null-prototype',
        'number',
      ),
      fc.array(tie('json'), { maxLength: 3 }),
      fc.array(fc.tuple(propertyName, tie('json')), { maxLength: 3 }).map(objectOf),
    ),
  })).json;

  it('never make decoding throw', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array)),
      jsonLike.map((json) => Buffer.from(JSON.stringify(json))),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...FORMATS),
        bytes,
        (format, each) => typeof codec.decode({ format, bytes: each }).ok === 'boolean',
      ),
      { numRuns: 10_000 },
    );
  });

  it('never change a prototype', () => {
    const names = Object.getOwnPropertyNames(Object.prototype).length;
    fc.assert(
      fc.property(jsonLike, (json) => {
        codec.decode({ format: 'rich', bytes: Buffer.from(JSON.stringify(json)) });
        codec.decode({ format: 'json', bytes: Buffer.from(JSON.stringify(json)) });
        return Object.getOwnPropertyNames(Object.prototype).length === names;
      }),
      { numRuns: 3_000 },
    );
  });
});
