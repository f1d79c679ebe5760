import { CacheArgumentError, CacheKeyError } from '../errors.js';
import { digest } from './digest.js';

const MAX_LENGTH = 200;
const SHORTENED = /^#[0-9a-f]{64}$/;
const HARMLESS = /^[\w.~-]*$/;
const LEFT_BY_ENCODE_URI_COMPONENT = /[!'()*]/g;

/**
 * `text` as one segment of a key: percent-encoded UTF-8 but for letters, digits, `-`, `_`, `.` and `~`, so that it
 * cannot leave its place (`:`), match others (`*`) or be taken for two. More than 200 characters become `#` and a hash.
 * Different texts never share a segment. Throws `CacheKeyError` for a lone surrogate.
 */
export function escapeSegment(text: string): string {
  if (typeof text !== 'string') {
    throw new CacheArgumentError(
      `a segment of a key is ${typeof text}: expected a string; convert it, for instance with String()`,
    );
  }
  const escaped = HARMLESS.test(text) ? text : encode(text);
  return escaped.length > MAX_LENGTH ? `#${digest(JSON.stringify(text))}` : escaped;
}

/** Whether `segment` is the `#` and hash of a text, which cannot be found in it. */
export const isShortened = (segment: string): boolean => SHORTENED.test(segment);

function encode(text: string): string {
  try {
    return encodeURIComponent(text).replace(LEFT_BY_ENCODE_URI_COMPONENT, percentEncode);
  } catch {
    throw new CacheKeyError(
      'No key can be made of a text with a lone surrogate: pass well-formed text, see String.prototype.toWellFormed().',
    );
  }
}

const percentEncode = (character: string): string => `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
