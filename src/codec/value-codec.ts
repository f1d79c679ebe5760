import { isUtf8 } from 'node:buffer';
import type { Decoding, EncodedValue, Encoding, ValueCodec } from '../core/ports/codec.js';
import { Refusal } from '../core/ports/refusal.js';
import { MAX_DEPTH } from '../core/ports/walk.js';
import { kindOf, typedArrayName, type TypedArray } from '../core/ports/value-kind.js';
import { copyValue } from './copy-value.js';
import { needsTags, refuseMoreThanBytes, refuseProxy, refuseToJson } from './faithfulness.js';
import { fromTagged, toTagged } from './tagged-json.js';
import { arrayBufferOf, bytesOf, typedArrayFrom } from './typed-arrays.js';
import { decodeNumbers, encodeVector } from './vector.js';

/** A Map in a Map is an array in an array in an object. */
const LEVELS_PER_TAG = 3;

/** Shorter arrays of numbers stay readable. */
const MIN_VECTOR_LENGTH = 16;

/** Arrays that are stored as their bytes when they are the whole value. */
const FORMAT_BY_CLASS: ReadonlyMap<string, string> = new Map([
  ['Uint8Array', 'u8'],
  ['Float32Array', 'f32'],
  ['Float64Array', 'f64'],
]);

/**
 * The codec of all values. What it stores comes back deep-equal, types included, and shares nothing with what went in;
 * anything else is refused with its place. Formats:
 *
 * - `json`: plain JSON text.
 * - `rich`: JSON text with tags for dates, Maps, Sets, bigints, bytes, `undefined`, `NaN` and the like.
 * - `bytes`, `u8`, `f32`, `f64`: a Buffer, `Uint8Array`, `Float32Array` or `Float64Array`.
 * - `n32`, `n64`: an array of 16 or more finite numbers, in 4 or 8 bytes each, without loss.
 */
export function createValueCodec(): ValueCodec {
  return { encode, decode, copy: copyValue };
}

function encode(value: unknown): Encoding {
  if (value === undefined) return { ok: false, reason: 'undefined is never stored' };
  try {
    return { ok: true, encoded: encodeBinary(value) ?? encodeText(value) };
  } catch (error) {
    return { ok: false, reason: Refusal.from(error).describe('value') };
  }
}

function encodeBinary(value: unknown): EncodedValue | null {
  if (typeof value !== 'object' || value === null) return null;
  refuseProxy(value);
  const kind = kindOf(value);
  if (kind === 'array') return (value as unknown[]).length < MIN_VECTOR_LENGTH ? null : encodeVector(value as number[]);
  const format = kind === 'buffer' ? 'bytes' : kind === 'typed-array' && FORMAT_BY_CLASS.get(typedArrayName(value));
  if (!format) return null;
  refuseMoreThanBytes(value as TypedArray);
  return { format, bytes: bytesOf(value as TypedArray) };
}

function encodeText(value: unknown): EncodedValue {
  if (!needsTags(value)) return { format: 'json', bytes: Buffer.from(JSON.stringify(value)) };
  // What tags are made of.
  [{}, []].forEach(refuseToJson);
  return { format: 'rich', bytes: Buffer.from(JSON.stringify(toTagged(value))) };
}

function decode(encoded: EncodedValue): Decoding {
  try {
    return { ok: true, value: read(encoded) };
  } catch {
    return { ok: false, reason: `the bytes are not in the format '${encoded.format}'` };
  }
}

/** Throws for what was not written here: what is no UTF-8, or so deep that whoever walks through it runs out of stack. */
function parse(bytes: Buffer, maxLevels: number): unknown {
  if (!isUtf8(bytes)) throw new TypeError('no UTF-8');
  const value: unknown = JSON.parse(bytes.toString());
  // Each level takes two bytes.
  if (bytes.length > 2 * maxLevels && isDeeper(value, maxLevels)) throw new TypeError('nested too deep');
  return value;
}

/** It reads every text value, and must not make an array for each object. */
function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) if (isDeeper(value[index], levels - 1)) return true;
    return false;
  }
  for (const key in value) if (isDeeper((value as Record<string, unknown>)[key], levels - 1)) return true;
  return false;
}

function read(encoded: EncodedValue): unknown {
  const { format, bytes } = encoded;
  switch (format) {
    case 'json':
      return parse(bytes, MAX_DEPTH);
    case 'rich':
      return fromTagged(parse(bytes, LEVELS_PER_TAG * MAX_DEPTH));
    case 'bytes':
      return Buffer.from(arrayBufferOf(bytes));
    case 'u8':
      return typedArrayFrom('Uint8Array', bytes);
    case 'f32':
      return typedArrayFrom('Float32Array', bytes);
    case 'f64':
      return typedArrayFrom('Float64Array', bytes);
    case 'n32':
    case 'n64':
      return decodeNumbers(encoded);
    default:
      throw new TypeError('there is no such format');
  }
}
