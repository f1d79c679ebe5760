/** An embedding as methods return it. */
export type Vector = readonly number[] | Float32Array | Float64Array;

/** By name, since a typed array may come from another realm. */
const VECTOR_TYPES: readonly string[] = ['[object Array]', '[object Float32Array]', '[object Float64Array]'];

/** Whether it is a vector of at least one number, all of them finite. */
export function isVector(value: unknown): value is Vector {
  if (!VECTOR_TYPES.includes(Object.prototype.toString.call(value))) return false;
  const vector = value as Vector;
  for (const number of vector) if (!Number.isFinite(number)) return false;
  return vector.length > 0;
}

/** The number of dimensions that all vectors have; `null` where they differ. What is no vector does not count. */
export function commonDimension(values: readonly unknown[]): number | null {
  const dimensions = new Set(values.filter(isVector).map((vector) => vector.length));
  const [dimension] = dimensions;
  return dimensions.size === 1 && dimension !== undefined ? dimension : null;
}

/** Whether all of them are of one type and dimension. */
export function areAlike(vectors: readonly Vector[]): boolean {
  const forms = new Set(vectors.map((vector) => `${Object.prototype.toString.call(vector)} ${vector.length}`));
  return forms.size === 1;
}

/** A copy of a vector; anything else is answered as it is. */
export function copyOfVector(value: unknown): unknown {
  return isVector(value) ? value.slice() : value;
}
