/** The bytes of a `Float32Array`, not copied. */
export const bytesOf = (vector) => Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength);

/** A `Float32Array` of its own: bytes from a socket begin anywhere, and what they lie in is shared. */
export function vectorOf(bytes) {
  const vector = new Float32Array(bytes.length / Float32Array.BYTES_PER_ELEMENT);
  bytesOf(vector).set(bytes);
  return vector;
}
