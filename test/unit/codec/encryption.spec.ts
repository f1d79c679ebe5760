import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { Encryption } from '../../../src/codec/encryption.js';
import { CacheArgumentError } from '../../../src/core/errors.js';

const one = { id: 'k1', key: randomBytes(32) };
const two = { id: 'k2', key: one.key };
const encryption = new Encryption([one, two]);
const sealed = encryption.seal(Buffer.from('plain'), 'name');

describe('encrypted bytes', () => {
  it('open under the name they were sealed under', () => {
    expect(encryption.open(sealed, 'name')?.toString()).toBe('plain');
    expect(encryption.open(encryption.seal(Buffer.alloc(0), ''), '')).toEqual(Buffer.alloc(0));
  });

  it('do not open under another name', () => {
    expect(() => encryption.open(sealed, 'other')).toThrow();
    expect(() => encryption.open(sealed, '')).toThrow();
  });

  it('do not open when their first line was changed, even to another key of the same bytes', () => {
    const moved = Buffer.from(sealed.toString('latin1').replace('"e":"k1"', '"e":"k2"'), 'latin1');
    expect(() => encryption.open(moved, 'name')).toThrow();
  });

  it('are not for a key that is not known, nor for plain bytes', () => {
    expect(new Encryption([{ id: 'k3', key: one.key }]).open(sealed, 'name')).toBeNull();
    expect(encryption.open(Buffer.from('ac1 00000000 {}\nplain'), 'name')).toBeNull();
    expect(encryption.open(Buffer.from('ac1 gcm {}\nplain'), 'name')).toBeNull();
    expect(encryption.open(Buffer.from('plain'), 'name')).toBeNull();
  });

  it('need a key', () => {
    expect(() => new Encryption([])).toThrow(CacheArgumentError);
  });
});
