import { Refusal } from '../ports/refusal.js';
import { isWellFormed } from '../well-formed.js';

/** What JSON escapes, and surrogates, of which some may be alone. */
const NEEDS_CARE = /["\\\u0000-\u001f\ud800-\udfff]/;

/**
 * `written`, then `text` as a JSON string in the form of RFC 8785, which is the form of `JSON.stringify`. Throws
 * `Refusal` for a lone surrogate: it has no UTF-8, so two different texts would have the same bytes.
 */
export function appendQuoted(written: string, text: string): string {
  if (!NEEDS_CARE.test(text)) return `${written}"${text}"`;
  if (!isWellFormed(text)) throw new Refusal('text with a lone surrogate');
  return written + JSON.stringify(text);
}
