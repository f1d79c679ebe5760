import { describe, expect, it } from '@jest/globals';
import { parseByteSize } from '../../../src/core/policy/byte-size.js';

describe('parseByteSize', () => {
  it.each([
    ['0', 0],
    ['1000', 1000],
    ['10b', 10],
    ['512kb', 524_288],
    ['64mb', 67_108_864],
    ['64MB', 67_108_864],
    ['1.5gb', 1_610_612_736],
  ])('reads %s as %d bytes', (text, bytes) => {
    expect(parseByteSize(text)).toBe(bytes);
  });

  it.each([
    '',
    ' ',
    '-1',
    '1e3',
    'mb',
    '64 mb',
    '64tb',
    '0x10',
    '1.',
    'Infinity',
    'NaN',
    '9007199254740993',
    '9999999999gb',
  ])('refuses %j', (text) => {
    expect(parseByteSize(text)).toBeNull();
  });

  it.each([64, null, undefined, {}, ['1mb']])('refuses what is no text: %j', (value) => {
    expect(parseByteSize(value)).toBeNull();
  });
});
