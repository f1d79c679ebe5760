import { typedArrayName, type TypedArray } from '../core/ports/value-kind.js';
import { toLittleEndian } from './byte-order.js';

type TypedArrayClass = (new (buffer: ArrayBuffer) => TypedArray) & { readonly BYTES_PER_ELEMENT: number };

/** Not everywhere. */
const { Float16Array } = globalThis as { Float16Array?: TypedArrayClass };

const CLASSES: ReadonlyMap<string, TypedArrayClass> = new Map(
  [
    Int8Array,
    Uint8Array,
    Uint8ClampedArray,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
    Float32Array,
    Float64Array,
    BigInt64Array,
    BigUint64Array,
    ...(Float16Array ? [Float16Array] : []),
  ].map((known: TypedArrayClass) => [known.name, known]),
);

/** Whether `name` is a class that {@link typedArrayFrom} can make. */
export const isTypedArrayName = (name: string): boolean => CLASSES.has(name);

/** A private copy of the elements, little-endian. */
export function bytesOf(array: TypedArray): Buffer {
  const bytes = Buffer.from(arrayBufferOf(array));
  return toLittleEndian(bytes, CLASSES.get(typedArrayName(array))?.BYTES_PER_ELEMENT ?? 1);
}

/** A new array of the class `name` over a private copy of `bytes`. Throws where they do not fit or it is not known. */
export function typedArrayFrom(name: string, bytes: Uint8Array): TypedArray {
  const known = CLASSES.get(name);
  if (!known) throw new TypeError('there is no such class of arrays');
  const buffer = arrayBufferOf(bytes);
  toLittleEndian(Buffer.from(buffer), known.BYTES_PER_ELEMENT);
  return new known(buffer);
}

/** A private copy of the bytes that `view` shows, and of nothing else of the memory that it lies in. */
export function arrayBufferOf({ buffer, byteOffset, byteLength }: ArrayBufferView): ArrayBuffer {
  const copy = new ArrayBuffer(byteLength);
  new Uint8Array(copy).set(new Uint8Array(buffer, byteOffset, byteLength));
  return copy;
}
