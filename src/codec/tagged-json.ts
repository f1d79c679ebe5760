import { kindOf, typedArrayName, type TypedArray } from '../core/ports/value-kind.js';
import { arrayBufferOf, bytesOf, typedArrayFrom } from './typed-arrays.js';

const TAG = '@type';
/** A property that looks like the tag is written with one `@` more. */
const LOOKS_LIKE_TAG = /^@+type$/;
const LOOKS_ESCAPED = /^@@+type$/;
/** Of an integer, its sign counted: longer ones take long to read. */
export const MAX_DIGITS = 10_000;

interface Tagged {
  readonly [TAG]: string;
  readonly value?: unknown;
}

const tagged = (type: string, value?: unknown): Tagged => ({ [TAG]: type, value });

/**
 * `value` in plain JSON, with an object such as `{ "@type": "Date", "value": 0 }` for what JSON does not have. Only for
 * values that can be brought back.
 */
export function toTagged(value: unknown): unknown {
  switch (typeof value) {
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0)
        ? value
        : tagged('number', Object.is(value, -0) ? '-0' : String(value));
    case 'bigint':
      return tagged('bigint', String(value));
    case 'undefined':
      return tagged('undefined');
    case 'object':
      return value === null ? null : objectToTagged(value);
    default:
      return value;
  }
}

function objectToTagged(value: object): unknown {
  switch (kindOf(value)) {
    case 'array':
      return (value as unknown[]).map(toTagged);
    case 'null-prototype':
      return tagged('null-prototype', propertiesToTagged(value));
    case 'date':
      return tagged('Date', (value as Date).getTime());
    case 'map':
      return tagged(
        'Map',
        Array.from(value as Map<unknown, unknown>, (entry) => entry.map(toTagged)),
      );
    case 'set':
      return tagged('Set', Array.from(value as Set<unknown>, toTagged));
    case 'array-buffer':
      return tagged('ArrayBuffer', base64Of(Buffer.from(value as ArrayBuffer)));
    case 'buffer':
      return tagged('Buffer', base64Of(value as Buffer));
    case 'typed-array':
      return tagged(typedArrayName(value), base64Of(bytesOf(value as TypedArray)));
    default:
      return propertiesToTagged(value);
  }
}

/** `fromEntries` defines properties, so one that is called `__proto__` is a property like the others. */
const propertiesToTagged = (object: object): object =>
  Object.fromEntries(
    Object.entries(object).map(([key, value]) => [LOOKS_LIKE_TAG.test(key) ? `@${key}` : key, toTagged(value)]),
  );

const base64Of = (bytes: Buffer): string => bytes.toString('base64');

/** What {@link toTagged} was given, from what it answered. Throws for anything else. */
export function fromTagged(json: unknown): unknown {
  if (typeof json !== 'object' || json === null) return json;
  if (Array.isArray(json)) return json.map(fromTagged);
  return Object.hasOwn(json, TAG) ? revive(json as Tagged) : propertiesFromTagged(json);
}

const propertiesFromTagged = (json: object): object =>
  Object.fromEntries(
    Object.entries(json).map(([key, value]) => [LOOKS_ESCAPED.test(key) ? key.slice(1) : key, fromTagged(value)]),
  );

function revive({ [TAG]: type, value }: Tagged): unknown {
  switch (type) {
    case 'undefined':
      return undefined;
    case 'number':
      return Number(textOf(value));
    case 'bigint':
      return BigInt(textOf(value, MAX_DIGITS));
    case 'null-prototype':
      return Object.assign(Object.create(null) as object, propertiesFromTagged(value as object));
    case 'Date':
      return new Date(typeof value === 'number' ? value : NaN);
    case 'Map':
      return new Map((value as unknown[][]).map((entry) => entry.map(fromTagged) as [unknown, unknown]));
    case 'Set':
      return new Set((value as unknown[]).map(fromTagged));
    default:
      return reviveBytes(type, Buffer.from(textOf(value), 'base64'));
  }
}

/** Of an object, as many bytes would be made as it claims to be long. */
function textOf(value: unknown, maxLength = Infinity): string {
  if (typeof value === 'string' && value.length <= maxLength) return value;
  throw new TypeError('expected a text');
}

function reviveBytes(type: string, bytes: Buffer): unknown {
  if (type === 'Buffer') return Buffer.from(arrayBufferOf(bytes));
  if (type === 'ArrayBuffer') return arrayBufferOf(bytes);
  return typedArrayFrom(type, bytes);
}
