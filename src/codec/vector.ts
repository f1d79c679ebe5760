import type { EncodedValue } from '../core/ports/codec.js';
import { isDense } from '../core/ports/value-kind.js';
import { bytesOf, typedArrayFrom } from './typed-arrays.js';

/**
 * A vector of numbers as binary: 4 bytes a number where that is exact, else 8, so that a hit is equal to the miss to the
 * last bit. The format remembers whether it was an array or a `Float32Array`.
 *
 * `null`: not an array of finite numbers alone, so it is no vector.
 */
export function encodeVector(vector: readonly number[] | Float32Array): EncodedValue | null {
  if (!Array.isArray(vector)) return { format: 'f32', bytes: bytesOf(vector as Float32Array) };
  if (!isVector(vector)) return null;
  const exact = new Float64Array(vector);
  const half = new Float32Array(exact);
  return half.every((number, index) => number === exact[index])
    ? { format: 'n32', bytes: bytesOf(half) }
    : { format: 'n64', bytes: bytesOf(exact) };
}

/** Stops at the first hole or other item: an array may claim a length of billions. */
function isVector(items: readonly unknown[]): items is readonly number[] {
  for (const item of items) if (!Number.isFinite(item)) return false;
  return isDense(items) && Object.getOwnPropertySymbols(items).length === 0;
}

/** The numbers of a vector in the format `n32` or `n64`, as an array of its own. */
export function decodeNumbers({ format, bytes }: EncodedValue): number[] {
  const elements = typedArrayFrom(format === 'n32' ? 'Float32Array' : 'Float64Array', bytes);
  const numbers: number[] = [];
  // Several times as fast as Array.from, which goes through an iterator.
  for (let index = 0; index < elements.length; index++) numbers.push(elements[index] as number);
  return numbers;
}
