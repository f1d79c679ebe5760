import { describe, expect, it } from '@jest/globals';
import { CacheKeyError } from '../../../src/core/errors.js';
import { CacheKeyGenerator } from '../../../src/core/key/cache-key-generator.js';

const keys = new CacheKeyGenerator();
const SECRET = 'sk-secret';

function messageOf(value: unknown): string {
  try {
    keys.hash(value);
  } catch (error) {
    expect(error).toBeInstanceOf(CacheKeyError);
    expect((error as CacheKeyError).code).toBe('CACHE_KEY');
    return (error as Error).message;
  }
  throw new Error('a key was made');
}

const nested = (levels: number): unknown => {
  let value: unknown = SECRET;
  for (let level = 0; level < levels; level++) value = level % 2 ? [value] : { a: value };
  return value;
};

const nestedIn = (levels: number, wrap: (inner: unknown) => unknown): unknown =>
  Array.from({ length: levels }).reduce(wrap, SECRET);

class Plain {
  secret = SECRET;
}

const withCycle: Record<string, unknown> = { name: SECRET };
withCycle['self'] = { list: [withCycle] };

const cyclicMap = new Map<unknown, unknown>();
cyclicMap.set('a', { inner: cyclicMap });

describe('a value that no key can be made of', () => {
  it.each<[string, unknown, string]>([
    ['a function', () => SECRET, 'is a function'],
    ['a class', Plain, 'is a function'],
    ['a symbol', Symbol(SECRET), 'is a symbol'],
    ['an instance without toJSON', new Plain(), 'is an instance of Plain without toJSON'],
    ['a regular expression', /sk-secret/, 'is an instance of RegExp without toJSON'],
    ['an error', new Error(SECRET), 'is an instance of Error without toJSON'],
    ['a promise', Promise.resolve(SECRET), 'is an instance of Promise without toJSON'],
    ['a WeakMap', new WeakMap(), 'is an instance of WeakMap without toJSON'],
    ['a boxed string', Object(SECRET), 'is an instance of String without toJSON'],
    ['a boxed number', Object(1), 'is an instance of Number without toJSON'],
    ['a boxed bigint', Object(1n), 'is an instance of BigInt without toJSON'],
    ['a DataView', new DataView(new ArrayBuffer(1)), 'is an instance of DataView without toJSON'],
    ['shared memory', new SharedArrayBuffer(1), 'is an instance of SharedArrayBuffer without toJSON'],
    ['an instance of no class', Object.create({ inherited: SECRET }), 'is an instance of Object without toJSON'],
    ['a subclass of Map', new (class Index extends Map {})(), 'is an instance of Index without toJSON'],
    ['a subclass of Array', new (class List extends Array {})(), 'is an instance of List without toJSON'],
    ['a forged date', Object.create(Date.prototype), 'is something that throws when it is read'],
    ['a symbol as a key', { [Symbol(SECRET)]: 1 }, 'is an object with a symbol as a key'],
    [
      'a symbol as a key of an array',
      Object.assign([1], { [Symbol(SECRET)]: 1 }),
      'is an object with a symbol as a key',
    ],
    ['a lone surrogate', `${SECRET}\ud800`, 'is text with a lone surrogate'],
    ['a lone surrogate in a name', { ['\udc00']: 1 }, 'is text with a lone surrogate'],
    ['an array with a property', Object.assign([1], { note: SECRET }), 'is an array with properties besides its items'],
    ['a match', /s(k)/.exec(SECRET), 'is an array with properties besides its items'],
    ...['01', '-1', '1.5', '4294967295'].map((name): [string, unknown, string] => [
      `an array with a hole and the property ${name}`,
      Object.assign([1, , 3], { [name]: 1 }),
      'is an array with properties besides its items',
    ]),
    ['a date with a property', Object.assign(new Date(0), { note: SECRET }), 'is a Date with properties of its own'],
    ['a Map with a property', Object.assign(new Map(), { note: SECRET }), 'is a Map with properties of its own'],
    ['a cycle', withCycle, 'is an object that contains itself'],
    ['a cycle through a Map', cyclicMap, 'is an object that contains itself'],
    ['too many levels', nested(501), 'is nested deeper than 500 levels'],
    ['a hundred thousand levels', nested(100_000), 'is nested deeper than 500 levels'],
    ['too many levels of Maps', nestedIn(501, (inner) => new Map([['a', inner]])), 'is nested deeper than 500 levels'],
    ['too many levels of Sets', nestedIn(501, (inner) => new Set([inner])), 'is nested deeper than 500 levels'],
    [
      'a getter that throws',
      Object.defineProperty({}, 'a', {
        enumerable: true,
        get: () => {
          throw new Error(SECRET);
        },
      }),
      'is something that throws when it is read',
    ],
    [
      'a toJSON that throws',
      {
        a: Object.assign(new Plain(), {
          toJSON: () => {
            throw new Error(SECRET);
          },
        }),
      },
      'is something that throws when it is read',
    ],
    [
      'a toJSON that never ends',
      new (class Loop {
        toJSON(): unknown {
          return this;
        }
      })(),
      'is nested deeper than 500 levels',
    ],
    [
      'a revoked proxy',
      (() => {
        const { proxy, revoke } = Proxy.revocable({}, {});
        revoke();
        return proxy;
      })(),
      'is something that throws when it is read',
    ],
    [
      'a proxy that throws',
      new Proxy(
        {},
        {
          ownKeys: () => {
            throw new Error(SECRET);
          },
        },
      ),
      'is something that throws when it is read',
    ],
    [
      'a proxy that throws no error',
      new Proxy(
        {},
        {
          ownKeys: () => {
            throw SECRET as unknown as Error;
          },
        },
      ),
      'is something that throws when it is read',
    ],
  ])('is refused when it is %s', (_, value, reason) => {
    const message = messageOf(value);
    expect(message).toContain(reason);
    expect(message).toMatch(/Pass plain data/);
    expect(message).not.toContain(SECRET);
    expect(messageOf({ list: [0, value] })).not.toContain(SECRET);
  });

  it('is accepted at five hundred levels of any kind', () => {
    expect(keys.hash(nested(500))).toHaveLength(64);
    expect(keys.hash(nestedIn(500, (inner) => new Map([[inner, 1]])))).toHaveLength(64);
    expect(keys.hash(nestedIn(500, (inner) => new Set([inner])))).toHaveLength(64);
  });

  it('is accepted with a million parts, and refused with one more', () => {
    expect(keys.hash(Array.from({ length: 1_000_000 }, () => 1))).toHaveLength(64);
    expect(messageOf(Array.from({ length: 1_000_001 }, () => 1))).toContain('is beyond the first 1000000 parts');
  });

  it.each<[string, (inner: unknown) => unknown]>([
    ['arrays', (inner) => [inner, inner]],
    ['Maps', (inner) => new Map([[inner, inner]])],
  ])('is refused when it is a few %s that hold each other again and again', (_, wrap) => {
    expect(messageOf(nestedIn(40, wrap))).toContain('is beyond the first 1000000 parts');
  });

  it('is a cycle even where its parts are too many before its levels are', () => {
    const cycle: unknown[] = Array.from({ length: 5_000 }, () => 1);
    cycle.push(cycle);
    expect(messageOf(cycle)).toContain('is an object that contains itself');
  });

  it('is accepted with a symbol that is hidden', () => {
    expect(keys.hash(Object.defineProperty({ a: 1 }, Symbol('hidden'), { value: 1 }))).toBe(keys.hash({ a: 1 }));
  });

  it('may be shared within a value as long as it does not contain itself', () => {
    const shared = { a: 1 };
    expect(keys.hash([shared, shared, { shared }])).toBe(keys.hash([{ a: 1 }, { a: 1 }, { shared: { a: 1 } }]));
  });
});

describe('a refusal', () => {
  it.each<[unknown, string]>([
    [{ params: { a: [0, 1, 2, () => 1] } }, 'value.params.a[3] is a function'],
    [[[() => 1]], 'value[0][0] is a function'],
    [() => 1, 'value is a function'],
    [
      new Map<unknown, unknown>([
        ['secret', 1],
        ['other', { run: () => 1 }],
      ]),
      'value[1].run is a function',
    ],
    [new Set([1, [() => 1]]), 'value[1][0] is a function'],
    [{ 'someone@mail.example': { a: () => 1 } }, 'value[…].a is a function'],
    [{ a: { b: withCycle } }, 'value.a.b is an object that contains itself'],
    [{ first: 1, then: withCycle['self'] }, 'value.then is an object that contains itself'],
  ])('names the place %#', (value, place) => {
    expect(messageOf(value)).toContain(place);
  });

  it('names the place in parameters and parts of keys', () => {
    expect(() => keys.toolKey('t', { a: [1, () => 1] })).toThrow('params.a[1] is a function');
    expect(() => keys.toolKey('t', {}, { vary: Symbol('x') })).toThrow('vary is a symbol');
    expect(() => keys.promptKey([() => 1])).toThrow('context[0] is a function');
    expect(() => keys.key('n', 1, { run: () => 1 })).toThrow('parts[1].run is a function');
    expect(() => keys.embeddingKey('\ud800', { model: 'm' })).toThrow('text is text with a lone surrogate');
  });

  it('shows no more than the beginning of a long way', () => {
    expect(messageOf(nested(501)).length).toBeLessThan(200);
  });
});
