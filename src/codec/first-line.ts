/** Begins everything that this version stores. Its number is raised with the form. */
export const MAGIC = 'ac1';

/** `ac1 <mark> <JSON object>` and a line feed: how everything that is stored begins, readable in any Redis client. */
export interface FirstLine {
  /** What guards the rest: a checksum, or the name of a cipher. */
  readonly mark: string;
  /** The JSON object, not parsed. */
  readonly text: string;
  /** Where the JSON object begins. */
  readonly textAt: number;
  /** Where the rest begins. */
  readonly restAt: number;
}

const LINE_FEED = 0x0a;
const SYNTAX = new RegExp(`^${MAGIC} ([0-9a-z]{1,8}) (?=\\{)`);

/** `null`: bytes of another version, or of somebody else. */
export function firstLineOf(stored: Buffer): FirstLine | null {
  const match = SYNTAX.exec(stored.toString('latin1', 0, MAGIC.length + 11));
  const end = match ? stored.indexOf(LINE_FEED) : -1;
  if (!match || end < 0) return null;
  const textAt = match[0].length;
  return { mark: match[1] as string, text: stored.toString('utf8', textAt, end), textAt, restAt: end + 1 };
}
