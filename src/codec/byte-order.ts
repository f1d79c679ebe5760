const HOST_IS_LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/**
 * Turns elements of `width` bytes from the order of this machine into little-endian, which all stored bytes are in, or
 * back. Works in place and returns `bytes`. Throws `RangeError` where `bytes` holds no whole number of elements.
 */
export function toLittleEndian(bytes: Buffer, width: number, hostIsLittleEndian = HOST_IS_LITTLE_ENDIAN): Buffer {
  if (hostIsLittleEndian) return bytes;
  if (width === 2) return bytes.swap16();
  if (width === 4) return bytes.swap32();
  return width === 8 ? bytes.swap64() : bytes;
}
