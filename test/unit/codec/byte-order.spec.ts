import { describe, expect, it } from '@jest/globals';
import { toLittleEndian } from '../../../src/codec/byte-order.js';
import { bytesOf } from '../../../src/codec/typed-arrays.js';

describe('the order of stored bytes', () => {
  it('is little-endian', () => {
    expect(bytesOf(new Uint32Array([0x01020304]))).toEqual(Buffer.from([4, 3, 2, 1]));
    expect(bytesOf(new Float64Array([1])).at(-1)).toBe(0x3f);
  });

  it.each([
    [1, [1, 2, 3, 4, 5, 6, 7, 8]],
    [2, [2, 1, 4, 3, 6, 5, 8, 7]],
    [4, [4, 3, 2, 1, 8, 7, 6, 5]],
    [8, [8, 7, 6, 5, 4, 3, 2, 1]],
  ])('is turned round on a big-endian machine for elements of %d bytes', (width, turned) => {
    const bytes = [1, 2, 3, 4, 5, 6, 7, 8];
    expect([...toLittleEndian(Buffer.from(bytes), width, false)]).toEqual(turned);
    expect([...toLittleEndian(toLittleEndian(Buffer.from(bytes), width, false), width, false)]).toEqual(bytes);
    expect([...toLittleEndian(Buffer.from(bytes), width, true)]).toEqual(bytes);
  });
});
