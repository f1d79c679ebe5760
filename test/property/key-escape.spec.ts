import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { globMatcher } from '../../src/core/glob.js';
import { CacheKeyGenerator } from '../../src/core/key/cache-key-generator.js';
import { escapeSegment } from '../../src/core/key/escape.js';
import { text } from '../support/arbitraries.js';

const keys = new CacheKeyGenerator();

const id = fc.oneof(
  fc.string({
    unit: fc.constantFrom('*', '?', '[', ']', '^', '\\', '-', ':', 'a', 'b', '%', '!', '(', "'"),
    maxLength: 6,
  }),
  text,
  fc.constantFrom('a'.repeat(10_000), `${'a'.repeat(9_999)}b`, '*'.repeat(10_000), '😀'.repeat(80), '__proto__'),
);

type Escape = (text: string) => string;

/** Whether the pattern for everything of one task finds the context of another. */
const keepsToItself = (escape: Escape): fc.IPropertyWithHooks<[string, string, number | string]> =>
  fc.property(id, id, fc.oneof(fc.nat(), text), (one, other, turn) => {
    const matches = globMatcher(`context:${escape(one)}:*`);
    return (
      matches(`context:${escape(other)}:${keys.contextKey('', turn).slice('context::'.length)}`) === (one === other)
    );
  });

describe('an escaped id', () => {
  it('holds nothing but letters, digits and - _ . ~ % #, and at most 200 of them', () => {
    fc.assert(
      fc.property(id, (any) => /^[\w.~%#-]{0,200}$/.test(escapeSegment(any))),
      { numRuns: 5_000 },
    );
  });

  it('belongs to one id alone', () => {
    fc.assert(
      fc.property(id, id, (one, other) => (escapeSegment(one) === escapeSegment(other)) === (one === other)),
      { numRuns: 5_000 },
    );
  });

  it('in a pattern matches the keys of its own id alone', () => {
    fc.assert(keepsToItself(escapeSegment), { numRuns: 5_000 });
  });

  it('would be found out if it were not escaped', () => {
    expect(
      fc.check(
        keepsToItself((any) => any),
        { numRuns: 5_000 },
      ).failed,
    ).toBe(true);
  });

  it('would be found out if it were escaped for addresses only', () => {
    expect(fc.check(keepsToItself(encodeURIComponent), { numRuns: 5_000, seed: 1 }).failed).toBe(true);
  });
});
