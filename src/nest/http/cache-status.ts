import type { OutcomeCount, OutcomeKind, OutcomeTally } from './outcome-tally.js';

const CACHE = 'nestjs-agent-cache';
const MAX_DETAIL_LENGTH = 100;

const HANDLED: Readonly<Record<OutcomeKind, string>> = {
  hit: 'hit',
  miss: 'fwd=miss',
  expired: 'fwd=stale',
  'answered-stale': 'fwd=stale',
  bypass: 'fwd=bypass',
};

/**
 * Value of `Cache-Status` (RFC 9211): one list member for each different outcome of the request's cached calls, with
 * the category in `detail`. Never a key.
 */
export function cacheStatusOf(tally: OutcomeTally): string {
  const members = tally.outcomes.map(memberOf);
  return members.length > 0 ? members.join(', ') : `${CACHE}; fwd=bypass; detail="no cached call"`;
}

function memberOf({ kind, category, remark, count, ttlLeftMs, isStored }: OutcomeCount): string {
  const said = [category, kind === 'answered-stale' ? kind : remark, count > 1 ? `x${count}` : ''];
  const parameters = [
    HANDLED[kind],
    isStored ? 'stored' : '',
    ttlLeftMs === Infinity ? '' : `ttl=${Math.floor(ttlLeftMs / 1_000)}`,
    `detail=${quoted(said.filter((part) => part !== '').join(' '))}`,
  ];
  return [CACHE, ...parameters.filter((parameter) => parameter !== '')].join('; ');
}

/** A String of RFC 8941: printable ASCII, with quotes and backslashes escaped. */
function quoted(text: string): string {
  const printable = text.slice(0, MAX_DETAIL_LENGTH).replace(/[^\x20-\x7e]/g, '?');
  return `"${printable.replace(/["\\]/g, '\\$&')}"`;
}
