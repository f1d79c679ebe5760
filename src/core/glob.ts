const STAR = 0x2a;
const QUESTION = 0x3f;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const BACKSLASH = 0x5c;
const CARET = 0x5e;
const DASH = 0x2d;

/** The pattern that matches `text` and nothing else, as a part of a longer pattern too. */
export const escapeGlob = (text: string): string => text.replace(/[\\*?[\]^-]/g, '\\$&');

/**
 * A test of texts against a glob with the syntax of Redis: `*`, `?`, `[abc]`, `[a-c]`, `[^a]`, `\x`. Compares UTF-8
 * bytes, as Redis does: `?` is one byte. Takes time in proportion to pattern × text at most. A range from ASCII to another
 * character, such as `[a-é]`, is by unsigned bytes; Redis takes them as the machine it was built for does.
 */
export function globMatcher(pattern: string): (text: string) => boolean {
  const glob = Buffer.from(pattern);
  return (text) => matches(glob, Buffer.from(text));
}

/** Walks both at once; after a mismatch the last `*` takes one byte more and the rest is tried again. */
function matches(glob: Buffer, text: Buffer): boolean {
  let at = 0;
  let textAt = 0;
  let afterStar = -1;
  let starText = 0;
  while (textAt < text.length) {
    if (glob[at] === STAR) {
      afterStar = ++at;
      starText = textAt;
      continue;
    }
    const next = at < glob.length ? matchByte(glob, at, text[textAt] as number) : -1;
    if (next >= 0) {
      at = next;
      textAt++;
    } else if (afterStar >= 0) {
      at = afterStar;
      textAt = ++starText;
    } else return false;
  }
  while (glob[at] === STAR) at++;
  return at >= glob.length;
}

/** Where the pattern goes on after its element at `at` matched `byte`; -1: it does not match. */
function matchByte(glob: Buffer, at: number, byte: number): number {
  if (glob[at] === QUESTION) return at + 1;
  if (glob[at] === OPEN) return matchClass(glob, at + 1, byte);
  const literalAt = glob[at] === BACKSLASH && at + 1 < glob.length ? at + 1 : at;
  return glob[literalAt] === byte ? literalAt + 1 : -1;
}

/** A class begins at `at`, after its `[`. One without `]` ends with the pattern. */
function matchClass(glob: Buffer, at: number, byte: number): number {
  const isNegated = glob[at] === CARET;
  let isMember = false;
  if (isNegated) at++;
  while (at < glob.length && glob[at] !== CLOSE) {
    const [first, last, next] = memberAt(glob, at);
    if (byte >= Math.min(first, last) && byte <= Math.max(first, last)) isMember = true;
    at = next;
  }
  return isMember === isNegated ? -1 : Math.min(at + 1, glob.length);
}

/** First and last byte of the member of a class at `at`, and where the next one begins. */
function memberAt(glob: Buffer, at: number): readonly [first: number, last: number, next: number] {
  const byte = glob[at] as number;
  if (byte === BACKSLASH && at + 1 < glob.length) return [glob[at + 1] as number, glob[at + 1] as number, at + 2];
  if (glob[at + 1] === DASH && at + 2 < glob.length) return [byte, glob[at + 2] as number, at + 3];
  return [byte, byte, at + 1];
}
