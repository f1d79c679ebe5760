import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { escapeGlob, globMatcher } from '../../../src/core/glob.js';

const special = fc.string({ unit: fc.constantFrom('*', '?', '[', ']', '^', '-', '\\', 'a', 'b', 'ü', '😀') });

describe('an escaped text', () => {
  it('matches itself and nothing else', () => {
    fc.assert(
      fc.property(special, special, (text, other) => {
        expect(globMatcher(escapeGlob(text))(text)).toBe(true);
        expect(globMatcher(escapeGlob(text))(other)).toBe(text === other);
      }),
    );
  });

  it('matches itself inside a longer pattern', () => {
    fc.assert(
      fc.property(special, special, (id, rest) => {
        expect(globMatcher(`user:${escapeGlob(id)}:*`)(`user:${id}:${rest}`)).toBe(true);
      }),
    );
  });

  it('would be caught matching others without the escape', () => {
    const property = fc.property(special, special, (text, other) => globMatcher(text)(other) === (text === other));
    expect(fc.check(property, { numRuns: 10_000 }).failed).toBe(true);
  });
});

describe('a glob', () => {
  it.each([
    ['', '', true],
    ['', 'a', false],
    ['*', '', true],
    ['**a**', 'bab', true],
    ['?', 'a', true],
    ['?', '', false],
    ['??', 'ü', true],
    ['a*b*c', 'a1b2b3c', true],
    ['a*b*c', 'a1b2b3', false],
    ['[abc]', 'b', true],
    ['[^abc]', 'b', false],
    ['[^abc]', 'd', true],
    ['[a-c]x', 'bx', true],
    ['[c-a]x', 'bx', true],
    ['[\\]]', ']', true],
    ['[abc', 'b', true],
    ['[]', 'a', false],
    ['\\*', '*', true],
    ['\\*', 'a', false],
    ['\\', '\\', true],
    ['A', 'a', false],
  ])('%j on %j: %j', (pattern, text, expected) => {
    expect(globMatcher(pattern)(text)).toBe(expected);
  });

  it('takes no longer than pattern times text', () => {
    const start = performance.now();
    expect(globMatcher(`${'a*'.repeat(500)}b`)('a'.repeat(10_000))).toBe(false);
    expect(performance.now() - start).toBeLessThan(2_000);
  });
});
