import { describe, expect, it } from '@jest/globals';
import { TextMemo } from '../../../src/core/policy/text-memo.js';

function counting(maxCount?: number): { memo: TextMemo<string>; made: string[] } {
  const made: string[] = [];
  const make = (text: string): string => {
    made.push(text);
    if (text === 'wrong') throw new Error('it is wrong');
    return text.toUpperCase();
  };
  return { memo: new TextMemo(make, maxCount), made };
}

describe('what was made of texts', () => {
  it('is made once', () => {
    const { memo, made } = counting();
    expect(['a', 'b', 'a', '', ''].map((text) => memo.of(text))).toEqual(['A', 'B', 'A', '', '']);
    expect(made).toEqual(['a', 'b', '']);
  });

  it('is all forgotten past its bound', () => {
    const { memo, made } = counting(2);
    for (const text of ['a', 'b', 'c', 'c', 'a', 'b']) memo.of(text);
    expect(made).toEqual(['a', 'b', 'c', 'a', 'b']);
  });

  it('is not kept of long texts, nor of those that it cannot be made of', () => {
    const { memo, made } = counting();
    const long = 'x'.repeat(201);
    for (let time = 0; time < 2; time++) {
      expect(memo.of(long)).toBe(long.toUpperCase());
      expect(() => memo.of('wrong')).toThrow('it is wrong');
    }
    expect(made).toEqual([long, 'wrong', long, 'wrong']);
  });
});
