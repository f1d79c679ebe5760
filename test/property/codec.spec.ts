import assert from 'node:assert';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createValueCodec } from '../../src/codec/value-codec.js';
import type { ValueCodec } from '../../src/core/ports/codec.js';
import { anyText, objectOf, propertyName, storableValue } from '../support/arbitraries.js';
import { unstorable, WRAPS, type Wrap } from '../support/unstorable.js';
import { objectsOf, orderOf, sharesNothing } from '../support/value-parts.js';

const codec = createValueCodec();

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** What must fail fails with a seed that is known to show it; what must hold is tried with a new one each time. */
const MUTANT_RUNS = { numRuns: 5_000, seed: 1 };

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

/** What is copied has been decoded before; it is often a list of the like, as records and messages are. */
const copiesPrivately = (tried: ValueCodec): fc.IPropertyWithHooks<[unknown, number]> =>
  fc.property(storableValue, fc.nat({ max: 3 }), (value, more) => {
    const encoding = tried.encode(more > 0 ? Array<unknown>(more).fill(value) : value);
    assert(encoding.ok);
    const decoding = tried.decode(encoding.encoded);
    assert(decoding.ok);
    const before = tried.decode(encoding.encoded);
    const copy = tried.copy(decoding.value);
    assert(before.ok);
    assert.deepStrictEqual(copy, before.value);
    assert.deepStrictEqual(decoding.value, before.value);
    assert.strictEqual(orderOf(copy), orderOf(before.value));
    assert(sharesNothing(copy, decoding.value));
  });

/** What is fast and easily written in its place. */
const WRONG_COPIES: Readonly<Record<string, (value: unknown) => unknown>> = {
  'the same value': (value) => value,
  'a flat copy': (value) => (Array.isArray(value) ? [...(value as unknown[])] : isObject(value) ? { ...value } : value),
  'a copy of plain JSON': function plainly(value): unknown {
    if (Array.isArray(value)) return value.map(plainly);
    if (!isObject(value) || Object.getPrototypeOf(value) !== Object.prototype) return value;
    const copy: Record<string, unknown> = {};
    for (const key in value) copy[key] = plainly((value as Record<string, unknown>)[key]);
    return copy;
  },
  'a structured clone': (value) => structuredClone(value),
};

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
  copy: (value) => JSON.parse(JSON.stringify(value)) as unknown,
};

/** Brings everything back, but the same object each time. */
function rememberingCodec(): ValueCodec {
  const decoded = new Map<unknown, ReturnType<ValueCodec['decode']>>();
  return {
    encode: (value) => codec.encode(value),
    decode: (encoded) =>
      decoded.get(encoded) ?? decoded.set(encoded, codec.decode(encoded)).get(encoded) ?? assert.fail(),
    copy: (value) => value,
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

describe('a copy of any value that was decoded', () => {
  it('is equal, types and order included, and shares nothing', () => {
    fc.assert(copiesPrivately(codec), { numRuns: 5_000 });
  });

  it.each(Object.entries(WRONG_COPIES))('would be found out if it were %s', (_, copy) => {
    expect(fc.check(copiesPrivately({ ...codec, copy }), MUTANT_RUNS).failed).toBe(true);
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
