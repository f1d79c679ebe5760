import { readFileSync } from 'node:fs';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { CanonicalForm } from '../../../src/core/key/canonical-form.js';

interface Rfc8785 {
  readonly documents: readonly { readonly name: string; readonly input: string; readonly canonical: string }[];
  readonly numbers: readonly { readonly ieee754: string; readonly canonical: string }[];
}

const rfc8785 = JSON.parse(readFileSync('test/fixtures/rfc8785.json', 'utf8')) as Rfc8785;
const formOf = (value: unknown): string => new CanonicalForm().of(value);

afterEach(() => {
  jest.useRealTimers();
});

describe('the canonical form of plain JSON', () => {
  it.each(rfc8785.documents)('is that of RFC 8785 for the document "$name"', ({ input, canonical }) => {
    expect(formOf(JSON.parse(input))).toBe(canonical);
  });

  it.each(rfc8785.numbers)('writes the number $ieee754 as $canonical', ({ ieee754, canonical }) => {
    expect(formOf(Buffer.from(ieee754, 'hex').readDoubleBE())).toBe(canonical);
  });

  it('sorts names by UTF-16 code units, integers among them', () => {
    expect(formOf({ b: 1, 10: 2, 9: 3, A: 4, a: 5, '': 6 })).toBe('{"":6,"10":2,"9":3,"A":4,"a":5,"b":1}');
  });

  it('is that of JSON.stringify for text with all that is escaped', () => {
    const all = Array.from({ length: 0xd800 }, (_, unit) => String.fromCharCode(unit)).join('');
    expect(formOf(all)).toBe(JSON.stringify(all));
    expect(formOf('😀')).toBe('"😀"');
  });

  it('escapes no more and no fewer characters of ASCII than JSON.stringify, in text and in names', () => {
    for (let unit = 0; unit < 0x80; unit++) {
      const text = `a${String.fromCharCode(unit)}`;
      expect(formOf(text)).toBe(JSON.stringify(text));
      expect(formOf({ [text]: 1 })).toBe(JSON.stringify({ [text]: 1 }));
    }
  });

  it('leaves out properties that are undefined, the first and the last too', () => {
    expect(formOf({ a: undefined, b: 1, c: undefined })).toBe('{"b":1}');
    expect(formOf({ a: undefined })).toBe('{}');
  });

  it('takes an own __proto__ for a property like any other', () => {
    expect(formOf(JSON.parse('{"__proto__":{"a":1},"b":2}'))).toBe('{"__proto__":{"a":1},"b":2}');
    expect(formOf({ b: 2 })).toBe('{"b":2}');
  });

  it('takes an object without a prototype for a plain one', () => {
    expect(formOf(Object.assign(Object.create(null) as object, { b: 1, a: 2 }))).toBe('{"a":2,"b":1}');
  });

  it('takes what another realm made for what it is there', () => {
    const foreign: unknown = runInNewContext(
      '({ b: [1, { c: null }], a: new Date(5), m: new Map([[1, new Set([2])]]) })',
    );
    expect(formOf(foreign)).toBe('{"a":@date(5),"b":[1,{"c":null}],"m":@map[[1,@set[2]]]}');
  });

  it('remembers the order of names without mixing objects up', () => {
    const canonical = new CanonicalForm();
    expect(canonical.of({ a: 1, c: 2, b: 3 })).toBe('{"a":1,"b":3,"c":2}');
    expect(canonical.of({ a: 1, b: 2, c: 3 })).toBe('{"a":1,"b":2,"c":3}');
    expect(canonical.of({ a: 1, c: 2, b: 3, d: 4 })).toBe('{"a":1,"b":3,"c":2,"d":4}');
    expect(canonical.of({ a: 4, c: 5, b: 6 })).toBe('{"a":4,"b":6,"c":5}');
  });
});

describe('the canonical form of what JSON does not have', () => {
  class Price {
    toJSON(): string {
      return '5 EUR';
    }
  }
  const sparse: unknown[] = [];
  sparse[2] = 1;

  it.each<[string, unknown, string]>([
    ['NaN', NaN, '@nan'],
    ['Infinity', Infinity, '@infinity'],
    ['-Infinity', -Infinity, '@-infinity'],
    ['-0', -0, '-0'],
    ['undefined', undefined, '@undefined'],
    ['an undefined item', [undefined], '[@undefined]'],
    ['holes', sparse, '@sparse(3)[[2,1]]'],
    ['a bigint', 12n, '@bigint(12)'],
    ['a date', new Date(12), '@date(12)'],
    ['an invalid date', new Date(NaN), '@date(@nan)'],
    [
      'a Map in any order',
      new Map<unknown, unknown>([
        ['b', 1],
        ['a', { d: 1, c: 2 }],
      ]),
      '@map[["a",{"c":2,"d":1}],["b",1]]',
    ],
    ['a Set in any order', new Set([3, '1', 2]), '@set["1",2,3]'],
    ['a Buffer', Buffer.from('hi'), '@Buffer(aGk=)'],
    ['a Uint8Array', new Uint8Array([104, 105]), '@Uint8Array(aGk=)'],
    ['an ArrayBuffer', new Uint8Array([104, 105]).buffer, '@ArrayBuffer(aGk=)'],
    ['a Float32Array', new Float32Array([1.5, -0, NaN]), '@Float32Array[1.5,-0,@nan]'],
    ['a BigInt64Array', new BigInt64Array([-1n]), '@BigInt64Array[-1]'],
    ['an instance with toJSON', new Price(), '@json["Price","5 EUR"]'],
    ['an address', new URL('http://a.example/b'), '@json["URL","http://a.example/b"]'],
  ])('of %s', (_, value, form) => {
    expect(formOf(value)).toBe(form);
  });

  it('of a date is the same under fake timers', () => {
    jest.useFakeTimers();
    expect(formOf({ at: new Date(12) })).toBe('{"at":@date(12)}');
  });

  it('shows a part of a larger buffer only', () => {
    const whole = new Uint8Array([1, 2, 3, 4]);
    expect(formOf(whole.subarray(1, 3))).toBe(formOf(new Uint8Array([2, 3])));
    expect(formOf(new Float32Array(new Float32Array([1, 2, 3]).buffer, 4, 1))).toBe('@Float32Array[2]');
  });

  it('takes no time for the holes of an array', () => {
    const vast: unknown[] = [];
    vast.length = 4_000_000_000;
    expect(formOf(vast)).toBe('@sparse(4000000000)[]');
  });
});
