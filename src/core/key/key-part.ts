import { escapeSegment } from './escape.js';

const WORDS = new Set(['true', 'false', 'null']);

/**
 * One part of a key that keeps its type: a finite number, a boolean and `null` are written as they are, a string is
 * escaped, everything else is `#` and its hash. A string that would read as one of the others gets a leading `~`.
 * Different values never share a part.
 */
export function partOf(value: unknown, hash: (value: unknown) => string): string {
  if (typeof value === 'string') return isMistakable(value) ? `~${escapeSegment(value)}` : escapeSegment(value);
  if (typeof value === 'boolean' || value === null) return String(value);
  if (typeof value === 'number' && Number.isFinite(value) && !Object.is(value, -0)) return escapeSegment(String(value));
  return `#${hash(value)}`;
}

function isMistakable(text: string): boolean {
  return text.startsWith('~') || WORDS.has(text) || (text !== '' && String(Number(text)) === text);
}
