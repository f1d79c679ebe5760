import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { globMatcher } from '../../../src/core/glob.js';
import { storeNamesOf } from '../../../src/core/key/store-names.js';
import { anyText } from '../../support/arbitraries.js';

const OLD = { id: 'old', key: Buffer.alloc(32, 1) };
const NEW = { id: 'new', key: Buffer.alloc(32, 2) };
const hidden = storeNamesOf({ prefix: 'app', encryptionKeys: [OLD] });
const plain = storeNamesOf({ prefix: 'app' });

describe('names in the store, without keys to encrypt with', () => {
  it('are the ids themselves, byte for byte', () => {
    expect(plain.entryKeyOf('report:7', ':@tenant=acme')).toBe('app:report:7:@tenant=acme');
    expect(plain.versionKeyOf('tag:a')).toBe('app:~v:tag:a');
    expect(plain.patternOf('report:*')).toBe('app:report:*');
    expect(storeNamesOf({ prefix: 'app', encryptionKeys: [] }).entryKeyOf('a', '')).toBe('app:a');
  });
});

describe('names in the store, with keys to encrypt with', () => {
  it('are the same in every process and version: these are golden', () => {
    expect(hidden.entryKeyOf('report:7', ':@tenant=acme')).toBe('app:6xiO-SyecFa8jRhbnzYWwJ:vGoc4731a3PGJVUn4z-8Tk');
    expect(hidden.versionKeyOf('tag:a')).toBe('app:~v:6Ps5GEpdLgUFkmrVegCao4');
  });

  it('are of one form, whatever they are made of, and hold no hash tag of a cluster', () => {
    fc.assert(
      fc.property(anyText, anyText, (key, suffix) => {
        return (
          /^app:[\w-]{22}:[\w-]{22}$/.test(hidden.entryKeyOf(key, suffix)) &&
          /^app:~v:[\w-]{22}$/.test(hidden.versionKeyOf(key))
        );
      }),
    );
  });

  it('differ wherever what they are made of differs', () => {
    const texts = ['a', 'a:', 'a:b', 'ab', 'A', '', ':', ':a', '\ud800', '\udfff', '\ufffd', 'a\0', 'a\0\0'];
    const names = texts.flatMap((text) => [hidden.entryKeyOf(text, ''), hidden.versionKeyOf(text)]);
    expect(new Set(names).size).toBe(names.length);
    // What is behind the segment tells nothing of whether two namespaces hold the same id.
    const [one, other] = ['a:7', 'b:7'].map((key) => hidden.entryKeyOf(key, '').split(':')[2]);
    expect(one).not.toBe(other);
  });

  it('do not depend on where the key ends and its scope begins', () => {
    expect(hidden.entryKeyOf('a:b', ':@tenant=c')).toBe(hidden.entryKeyOf('a', ':b:@tenant=c'));
  });

  it('stay when a key is put in front, and change with the last key and with the prefix', () => {
    const nameWith = (encryptionKeys: (typeof OLD)[], prefix = 'app'): string =>
      storeNamesOf({ prefix, encryptionKeys }).versionKeyOf('tag:a');
    expect(nameWith([NEW, OLD])).toBe(nameWith([OLD]));
    expect(nameWith([NEW])).not.toBe(nameWith([OLD]));
    expect(nameWith([OLD], 'bpp').slice(3)).not.toBe(nameWith([OLD]).slice(3));
  });

  it('are made again where more were made than are remembered, or the text is long', () => {
    const names = storeNamesOf({ prefix: 'app', encryptionKeys: [OLD] });
    const long = 'x'.repeat(5_000);
    for (let index = 0; index < 20_000; index++) names.entryKeyOf(`filler:${index}`, '');
    expect(names.entryKeyOf('report:7', ':@tenant=acme')).toBe(hidden.entryKeyOf('report:7', ':@tenant=acme'));
    expect(names.entryKeyOf(long, '')).toBe(hidden.entryKeyOf(long, ''));
  });

  it.each<[string, string]>([
    ['report:7', 'report'],
    ['report:*', 'report'],
    ['report', 'report'],
    ['report:[a-c]?', 'report'],
    ['my\\-report:*', 'my-report'],
    ['a\\*b\\:*', 'a*b'],
    ['a]^b:*', 'a]^b'],
    ['\\é\\\\:*', 'é\\'],
    ['report\\', 'report\\'],
    [':x', ''],
  ])('find for %j all that begins with one segment', (glob, segment) => {
    const found = hidden.patternOf(glob);
    expect(found).toBe(`${hidden.entryKeyOf(`${segment}:`, '').split(':').slice(0, 2).join(':')}:*`);
  });

  it.each(['*', 'rep*:7', 'r?port:7', '[a-c]:7', '[ab', '\\a*', '*:7'])('leave %j to all entries', (glob) => {
    expect(hidden.patternOf(glob)).toBeNull();
  });

  const piece = fc.constantFrom(
    'a',
    'b',
    '\\a',
    '\\*',
    '*',
    '?',
    '[ab]',
    '[^a]',
    '[',
    ']',
    ':',
    '\\:',
    '\\',
    '^',
    '-',
    'é',
  );
  const globs = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(''));
  const keys = fc
    .array(fc.constantFrom('a', 'b', '*', ':', '\\', '[', 'é', '^'), { maxLength: 6 })
    .map((all) => all.join(''));

  /** Whatever a glob matches among keys, its pattern matches among their names. */
  const findsEnough = (patternOf: (glob: string) => string | null): fc.IPropertyWithHooks<[string, string]> =>
    fc.property(globs, keys, (glob, key) => {
      const pattern = patternOf(glob);
      if (pattern === null || !globMatcher(glob)(key)) return true;
      return globMatcher(pattern)(hidden.entryKeyOf(key, ''));
    });

  it('find at least what was asked for', () => {
    fc.assert(
      findsEnough((glob) => hidden.patternOf(glob)),
      { numRuns: 20_000 },
    );
  });

  it('would be found out if they took an escaped or a matching character for itself', () => {
    const careless = (glob: string): string | null => hidden.patternOf(glob.replace(/[*?\\[]/g, '\\$&'));
    expect(fc.check(findsEnough(careless), { numRuns: 20_000, seed: 1 }).failed).toBe(true);
  });

  it('cannot be told from the names under any other key', () => {
    const other = storeNamesOf({ prefix: 'app', encryptionKeys: [{ id: 'old', key: randomBytes(32) }] });
    expect(other.entryKeyOf('report:7', '')).not.toBe(hidden.entryKeyOf('report:7', ''));
  });
});
