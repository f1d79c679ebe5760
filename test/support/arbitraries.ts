import fc from 'fast-check';

/** A value object as applications have them: plain data inside, told from its data by its class alone. */
export class Money {
  constructor(readonly data: unknown) {}
  toJSON(): unknown {
    return this.data;
  }
}

/** Any text of UTF-16, also what has no UTF-8. */
export const anyText: fc.Arbitrary<string> = fc
  .array(
    fc.oneof(
      fc.integer({ min: 0, max: 0xffff }),
      fc.integer({ min: 0xd7f0, max: 0xe010 }),
      fc.integer({ max: 0x7f, min: 0 }),
    ),
  )
  .map((units) => String.fromCharCode(...units));

/** Text that can be written in UTF-8, often one of those that trip programs up. */
export const text: fc.Arbitrary<string> = fc.oneof(
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 12 }) },
  fc.constantFrom(
    '',
    '*',
    'a:b',
    '@date(0)',
    '@undefined',
    'null',
    'true',
    '0',
    '-0',
    '1',
    'NaN',
    '[]',
    '{}',
    '"',
    '\u2028',
    '😀',
    '~',
    '#',
  ),
);

/** Names of properties, often those that mean something to JavaScript or to a codec. */
export const propertyName: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 5 }),
  fc.constantFrom(
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    'length',
    '',
    '0',
    '10',
    '9',
    '@type',
    '@@type',
    'value',
  ),
);

/** An object with exactly these properties, `__proto__` among them. */
export const objectOf = (properties: readonly (readonly [string, unknown])[]): object => Object.fromEntries(properties);

const bytes = fc.uint8Array({ maxLength: 9 });
const bufferOf = (array: Uint8Array): Buffer => Buffer.from(array);
const arrayBufferOf = (array: Uint8Array): ArrayBuffer => new Uint8Array(array).buffer;

const typedArray: fc.Arbitrary<unknown> = fc.oneof(
  fc.int8Array({ maxLength: 5 }),
  fc.uint8Array({ maxLength: 5 }),
  fc.uint8ClampedArray({ maxLength: 5 }),
  fc.int16Array({ maxLength: 5 }),
  fc.uint16Array({ maxLength: 5 }),
  fc.int32Array({ maxLength: 5 }),
  fc.uint32Array({ maxLength: 5 }),
  fc.float32Array({ maxLength: 5 }),
  fc.float64Array({ maxLength: 5 }),
  fc.bigInt64Array({ maxLength: 5 }),
  fc.bigUint64Array({ maxLength: 5 }),
);

const number: fc.Arbitrary<number> = fc.oneof(
  fc.double(),
  fc.integer({ min: -3, max: 3 }),
  fc.constantFrom(0, -0, NaN, Infinity, -Infinity, Number.MAX_SAFE_INTEGER, 1e21, 5e-324),
);

interface LeafOptions {
  readonly ofText: fc.Arbitrary<string>;
  readonly noInvalidDate: boolean;
}

const leaf = ({ ofText, noInvalidDate }: LeafOptions): fc.Arbitrary<unknown> =>
  fc.oneof(
    { weight: 3, arbitrary: ofText },
    { weight: 3, arbitrary: number },
    fc.constantFrom(true, false, null, undefined),
    fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
    fc.date({ noInvalidDate }),
    bytes.map(bufferOf),
    bytes.map(arrayBufferOf),
    typedArray,
  );

/** Makes values of values: arrays, objects with and without a prototype, Maps and Sets. */
const containers = (inner: fc.Arbitrary<unknown>): fc.Arbitrary<unknown>[] => {
  const properties = fc.array(fc.tuple(propertyName, inner), { maxLength: 5 });
  return [
    fc.array(inner, { maxLength: 5 }),
    properties.map(objectOf),
    properties.map((list) => Object.assign(Object.create(null) as object, objectOf(list))),
    fc.array(fc.tuple(inner, inner), { maxLength: 4 }).map((entries) => new Map(entries)),
    fc.array(inner, { maxLength: 4 }).map((items) => new Set(items)),
  ];
};

const valueOf = (options: LeafOptions): fc.Arbitrary<unknown> =>
  fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof({ maxDepth: 4, withCrossShrink: true }, leaf(options), ...containers(tie('value'))),
  })).value;

const keyable: LeafOptions = { ofText: text, noInvalidDate: false };

/** Every kind of value that a key can be made of, instances aside. */
export const keyableValue: fc.Arbitrary<unknown> = valueOf(keyable);

/** Every kind of value that can be stored; no invalid date, because Node finds no two of them equal. */
export const storableValue: fc.Arbitrary<unknown> = fc.oneof(
  {
    weight: 8,
    arbitrary: valueOf({ ofText: fc.oneof(text, anyText), noInvalidDate: true }).filter((value) => value !== undefined),
  },
  fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 16, maxLength: 24 }),
  fc.float32Array({ minLength: 0, maxLength: 24 }).map((vector) => Array.from(vector)),
);

/** What a value could be taken for by a form that loses types: equal or alike in text, JSON or content. */
function confusablesOf(value: unknown): unknown[] {
  const common = [[value], new Set([value]), new Map([[value, value]]), { value }, new Money(value), null, undefined];
  if (typeof value === 'number') {
    return [
      ...common,
      String(value),
      -value,
      new Date(value),
      ...(Number.isInteger(value) ? [BigInt(value)] : ['@nan', NaN]),
    ];
  }
  if (typeof value === 'bigint') return [...common, Number(value), String(value), `@bigint(${value})`];
  if (typeof value === 'string')
    return [...common, JSON.stringify(value), Buffer.from(value), Number(value), new Date(value)];
  if (typeof value !== 'object' || value === null)
    return [...common, String(value), `@${String(value)}`, NaN, 0, {}, [], ''];
  return [...common, ...confusablesOfObject(value)];
}

function confusablesOfObject(value: object): unknown[] {
  if (value instanceof Date) {
    const isValid = !Number.isNaN(value.getTime());
    return [
      value.getTime(),
      value.toJSON(),
      new Money(value.toJSON()),
      `@date(${value.getTime()})`,
      isValid ? value.toString() : 'Invalid Date',
    ];
  }
  if (value instanceof Map) return [[...value], new Set(value), new Map([...value].reverse()), {}];
  if (value instanceof Set) return [[...value], new Map([...value].entries()), new Set([...value].reverse()), {}];
  if (value instanceof ArrayBuffer) return [Buffer.from(value), new Uint8Array(value), {}];
  if (ArrayBuffer.isView(value)) {
    const view = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    const list = Array.from(value as unknown as ArrayLike<unknown>);
    return [Buffer.from(view), new Uint8Array(view), new Int8Array(view), view.toString('base64'), list, new Set(list)];
  }
  if (Array.isArray(value)) {
    return [
      { ...value },
      new Set(value),
      [...value, undefined],
      [...value].reverse(),
      Object.assign([...value], { length: value.length + 1 }),
      String(value.length),
    ];
  }
  const entries = Object.entries(value);
  return [
    entries,
    new Map(entries),
    Object.keys(value),
    objectOf([...entries].reverse()),
    objectOf([...entries, ['absent', undefined]]),
    Object.assign(Object.create(null) as object, value),
  ];
}

type Pair = readonly [unknown, unknown];

const firsts = (pairs: readonly Pair[]): unknown[] => pairs.map(([one]) => one);
const seconds = (pairs: readonly Pair[]): unknown[] => pairs.map(([, other]) => other);
const confused = (of: fc.Arbitrary<unknown>): fc.Arbitrary<Pair> =>
  fc.tuple(of, fc.nat(), fc.nat()).map(([value, one, other]) => {
    const alike = [value, ...confusablesOf(value)];
    return [alike[one % alike.length], alike[other % alike.length]];
  });

const HOLE = Symbol('hole');

/** Short lists of what is nearly nothing; any two of them are likely to be mistaken for each other. */
const nearlyEmpty: fc.Arbitrary<unknown[]> = fc
  .array(fc.constantFrom<unknown>(HOLE, undefined, null, 0, -0, NaN, ''), { maxLength: 2 })
  .map((items) => {
    const list: unknown[] = [];
    list.length = items.length;
    items.forEach((item, index) => {
      if (item !== HOLE) list[index] = item;
    });
    return list;
  });

/**
 * Two values that are the same, or alike, or unlike, down to any depth: equal ones have their order changed, unlike ones
 * differ by what is most easily mistaken.
 */
export const pairOfValues: fc.Arbitrary<Pair> = fc.letrec<{ pair: Pair }>((tie) => ({
  pair: fc.oneof(
    { maxDepth: 4 },
    { weight: 3, arbitrary: leaf(keyable).map((value): Pair => [value, value]) },
    { weight: 2, arbitrary: confused(leaf(keyable)) },
    confused(keyableValue),
    fc.tuple(nearlyEmpty, nearlyEmpty),
    fc.array(tie('pair'), { maxLength: 4 }).map((pairs): Pair => [firsts(pairs), seconds(pairs)]),
    fc
      .array(fc.tuple(propertyName, tie('pair')), { maxLength: 4 })
      .map((properties): Pair => [
        objectOf(properties.map(([name, [one]]) => [name, one])),
        reordered(objectOf(properties.map(([name, [, other]]) => [name, other]))),
      ]),
    fc
      .array(tie('pair'), { maxLength: 3 })
      .map((pairs): Pair => [new Set(firsts(pairs)), new Set(seconds(pairs).reverse())]),
    fc
      .array(fc.tuple(tie('pair'), tie('pair')), { maxLength: 3 })
      .map((entries): Pair => [
        new Map(entries.map(([key, value]) => [key[0], value[0]])),
        reordered(new Map(entries.map(([key, value]) => [key[1], value[1]]))),
      ]),
    fc.array(tie('pair'), { maxLength: 2 }).map((pairs): Pair => [new Money(firsts(pairs)), new Money(seconds(pairs))]),
  ),
})).pair;

/** A copy with the order of properties, entries and items turned round, at every depth. */
export function reordered<T>(value: T): T {
  if (Array.isArray(value)) return value.map(reordered) as T;
  if (value instanceof Set) return new Set([...value].map(reordered).reverse()) as T;
  if (value instanceof Map)
    return new Map([...value].map(([key, inner]) => [reordered(key), reordered(inner)] as const).reverse()) as T;
  if (typeof value !== 'object' || value === null) return value;
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (prototype !== Object.prototype && prototype !== null) return value;
  const properties = Object.entries(value).map(([name, inner]): [string, unknown] => [name, reordered(inner)]);
  const copy = objectOf(properties.reverse());
  return (prototype === null ? Object.assign(Object.create(null) as object, copy) : copy) as T;
}
