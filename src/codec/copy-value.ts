import { kindOf, type TypedArray } from '../core/ports/value-kind.js';
import { arrayBufferOf } from './typed-arrays.js';

/** An object of more properties may have no fixed layout, and such a one is slow to clone as a whole. */
const MAX_RECORD_PROPERTIES = 32;

type PlainObject = Record<string, unknown>;

/**
 * A private copy of anything that a value codec answers: of every object in it, and of the memory that bytes lie in.
 *
 * It runs for every hit in memory, so plain JSON is copied about as fast as by a loop that knows of nothing else, and
 * lists of records faster: they are cloned by their layout. All else, also what a program has done to `Object.prototype`,
 * leads to the exact and slower ways below. Throws `TypeError` for what no codec answers, such as an instance of a class.
 */
export function copyValue(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  // The fast ways read with `for in`, which would take what everything inherits for data.
  for (const _inherited in Object.prototype) return copyExactly(value);
  return copyObject(value);
}

/** Anything whose `constructor` is `Object` is plain: decoded data holds no functions, so that was inherited. */
const isPlain = (value: object): value is PlainObject => value.constructor === Object;

function copyObject(value: object): unknown {
  if (!isPlain(value)) return Array.isArray(value) ? copyItems(value) : copyExactly(value);
  const copy: PlainObject = {};
  for (const key in value) {
    // As an assignment it would be the prototype.
    if (key === '__proto__') return copyExactly(value);
    const inner = value[key];
    copy[key] = typeof inner === 'object' && inner !== null ? copyObject(inner) : inner;
  }
  return copy;
}

function copyItems(items: readonly unknown[]): unknown[] {
  const copy = items.slice();
  // Items of one list are alike, so the first object among them speaks for the others.
  let areRecords: boolean | undefined;
  for (let index = 0; index < copy.length; index++) {
    const item = copy[index];
    if (typeof item !== 'object' || item === null) continue;
    areRecords ??= Object.keys(item).length <= MAX_RECORD_PROPERTIES;
    copy[index] = areRecords ? copyRecord(item) : copyObject(item);
  }
  return copy;
}

function copyRecord(value: object): unknown {
  if (!isPlain(value)) return copyObject(value);
  const copy = { ...value };
  for (const key in copy) {
    const inner = copy[key];
    if (typeof inner === 'object' && inner !== null) copy[key] = copyObject(inner);
  }
  return copy;
}

function copyExactly(value: object): unknown {
  switch (kindOf(value)) {
    case 'plain':
      return copyProperties(value, {});
    case 'null-prototype':
      return copyProperties(value, Object.create(null) as object);
    case 'array':
      return Array.from(value as unknown[], copyValue);
    case 'date':
      return new Date((value as Date).getTime());
    case 'map':
      return new Map(Array.from(value as Map<unknown, unknown>, ([key, inner]) => [copyValue(key), copyValue(inner)]));
    case 'set':
      return new Set(Array.from(value as Set<unknown>, copyValue));
    case 'array-buffer':
      return (value as ArrayBuffer).slice(0);
    case 'buffer':
      return Buffer.from(arrayBufferOf(value as Buffer));
    case 'typed-array':
      return (value as TypedArray).slice();
    default:
      throw new TypeError('no codec answers an instance of a class');
  }
}

function copyProperties(value: object, copy: object): object {
  for (const [key, inner] of Object.entries(value)) {
    Object.defineProperty(copy, key, {
      value: copyValue(inner),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return copy;
}
