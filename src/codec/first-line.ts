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

const MARK_AT = MAGIC.length + 1;
const SYNTAX = new RegExp(`^${MAGIC} [0-9a-z]{1,8} \\{`);
const LINE_FEED = 0x0a;

/** `null`: bytes of another version, or of somebody else, or a line of more than about `maxBytes`. */
export function firstLineOf(stored: Buffer, maxBytes: number): FirstLine | null {
  const beginning = stored.toString('latin1', 0, MARK_AT + 10);
  const end = SYNTAX.test(beginning) ? stored.subarray(0, beginning.length + maxBytes).indexOf(LINE_FEED) : -1;
  if (end < 0) return null;
  const textAt = beginning.indexOf(' ', MARK_AT) + 1;
  return {
    mark: beginning.slice(MARK_AT, textAt - 1),
    text: stored.toString('utf8', textAt, end),
    textAt,
    restAt: end + 1,
  };
}
