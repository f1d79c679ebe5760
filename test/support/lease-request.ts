import type { LeaseRequest } from '../../src/core/ports/entry-store.js';

const HOUR_MS = 3_600_000;

/** Stamp of the leases below. */
export const STAMP = '0123456789abcdef';

/** For an hour, by who has seen nothing under the key; `own` says what else is asked for. */
export function leaseRequest(own: Pick<LeaseRequest, 'key' | 'token'> & Partial<LeaseRequest>): LeaseRequest {
  return { stamp: STAMP, seen: null, holdMs: HOUR_MS, ttlMs: HOUR_MS, ...own };
}
