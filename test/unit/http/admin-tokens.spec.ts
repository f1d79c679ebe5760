import { describe, expect, it } from '@jest/globals';
import { timingSafeEqual } from 'node:crypto';
import { inspect } from 'node:util';
import { readAdminTokens } from '../../../src/nest/config/admin.config.js';
import { AdminTokens } from '../../../src/nest/config/admin-tokens.js';

const TOKENS = ['first-token-of-three', 'second-token-of-three', 'a-third-token-that-is-longer-than-the-others'];

describe('AdminTokens', () => {
  /** What was compared, in order. */
  function recorded(compare: (one: Uint8Array, other: Uint8Array) => boolean = timingSafeEqual) {
    const lengths: [number, number][] = [];
    const tokens = new AdminTokens(TOKENS, (one, other) => {
      lengths.push([one.length, other.length]);
      return compare(one, other);
    });
    return { tokens, lengths };
  }

  it.each(TOKENS)('accepts %s', (token) => {
    expect(new AdminTokens(TOKENS).accepts(token)).toBe(true);
  });

  it.each(['', 'first', 'first-token-of-thre', 'first-token-of-threes', 'First-token-of-three', TOKENS.join(',')])(
    "does not accept '%s'",
    (token) => {
      expect(new AdminTokens(TOKENS).accepts(token)).toBe(false);
      expect(new AdminTokens([]).accepts(token)).toBe(false);
    },
  );

  it.each([...TOKENS, 'x', '', 'x'.repeat(10_000)])(
    'compares with all tokens, each time 32 bytes with 32: %s',
    (token) => {
      const { tokens, lengths } = recorded();
      tokens.accepts(token);
      expect(lengths).toEqual(TOKENS.map(() => [32, 32]));
    },
  );

  it('would be caught if it stopped at the first match', () => {
    class Stopping extends AdminTokens {
      override accepts(token: string): boolean {
        return TOKENS.some((known) => equal(Buffer.from(known), Buffer.from(token)));
      }
    }
    const lengths: [number, number][] = [];
    const equal = (one: Uint8Array, other: Uint8Array): boolean => {
      lengths.push([one.length, other.length]);
      return Buffer.from(one).equals(other);
    };
    new Stopping(TOKENS).accepts(TOKENS[0] as string);
    expect(lengths).not.toEqual(TOKENS.map(() => [32, 32]));
  });

  it('shows no token, however it is looked at', () => {
    const tokens = new AdminTokens(TOKENS);
    const seen = [inspect(tokens, { showHidden: true, depth: 9 }), JSON.stringify(tokens)].join();
    for (const token of TOKENS) expect(seen).not.toContain(token);
    expect(Object.keys(tokens)).toEqual([]);
  });
});

describe('readAdminTokens', () => {
  it('takes several, with commas and spaces in between', () => {
    const tokens = readAdminTokens({ CACHE_ADMIN_TOKEN: ` ${TOKENS[0]} ,${TOKENS[1]},, ` });
    expect([tokens.isEmpty, ...TOKENS.map((token) => tokens.accepts(token))]).toEqual([false, true, true, false]);
  });

  it.each([undefined, '', '   '])('takes %j for none', (text) => {
    const tokens = readAdminTokens(text === undefined ? {} : { CACHE_ADMIN_TOKEN: text });
    expect([tokens.isEmpty, tokens.accepts('')]).toEqual([true, false]);
  });

  it.each(['hunter2', `${TOKENS[0]},hunter2`, 'hunter2 hunter2 hunter2'])('refuses %s without showing it', (text) => {
    const read = (): unknown => readAdminTokens({ CACHE_ADMIN_TOKEN: text });
    expect(read).toThrow(
      /CACHE_ADMIN_TOKEN is '\*\*\*': expected at least 16 characters without spaces, several with commas/,
    );
    expect(read).not.toThrow(/hunter2/);
  });
});
