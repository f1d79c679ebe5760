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
  return isSinglePrecision(vector)
    ? { format: 'n32', bytes: bytesOf(new Float32Array(vector)) }
    : { format: 'n64', bytes: bytesOf(new Float64Array(vector)) };
}

/** Stops at the first hole or other item: an array may claim a length of billions. */
function isVector(items: readonly unknown[]): items is readonly number[] {
  for (const item of items) if (!Number.isFinite(item)) return false;
  return isDense(items) && Object.getOwnPropertySymbols(items).length === 0;
}

function isSinglePrecision(numbers: readonly number[]): boolean {
  for (const number of numbers) if (Math.fround(number) !== number) return false;
  return true;
}

/** The numbers of a vector in the format `n32` or `n64`, as an array of its own. */
export function decodeNumbers({ format, bytes }: EncodedValue): number[] {
  const elements = typedArrayFrom(format === 'n32' ? 'Float32Array' : 'Float64Array', bytes);
  const numbers: number[] = [];
  // Several times as fast as Array.from, which goes through an iterator.
  for (let index = 0; index < elements.length; index++) numbers.push(elements[index] as number);
  return numbers;
}
