import type { LeaseToken } from '../../../core/ports/entry-store.js';

/**
 * How a lease stands in front of an entry: one line of ASCII, so that it can be read in `redis-cli`, of a fixed length, so
 * that scripts find their way in it by counting.
 *
 * `ac1 lease <token, 22 characters> <stamp, 16 hex digits> <until, 13 digits: milliseconds since 1970 by the server>\n`
 */
export const LEASE_MARK = 'ac1 lease ';
export const LEASE_LINE_BYTES = 64;

/** Where a lease and an entry differ: in an entry, a hex digit or the name of a cipher stands there. */
const MARK_AT = LEASE_MARK.indexOf('lease');
const MARK = LEASE_MARK.charCodeAt(MARK_AT);
const LINE = /^ac1 lease ([\w-]{22}) [0-9a-fA-F]{16} (\d{13})\n$/;

export interface LeaseLine {
  readonly token: LeaseToken;
  /** Milliseconds since 1970, by the clock of the server. */
  readonly untilMs: number;
}

/** What stands under the key of an entry, taken apart. `entry`: shares the memory of `stored`; `null`: there is none. */
export function takeLeaseOff(stored: Buffer): { readonly lease: LeaseLine | null; readonly entry: Buffer | null } {
  if (stored[MARK_AT] !== MARK) return { lease: null, entry: stored };
  const [, token, until] = LINE.exec(stored.toString('latin1', 0, LEASE_LINE_BYTES)) ?? [];
  if (token === undefined) return { lease: null, entry: stored };
  const entry = stored.length > LEASE_LINE_BYTES ? stored.subarray(LEASE_LINE_BYTES) : null;
  return { lease: { token, untilMs: Number(until) }, entry };
}
