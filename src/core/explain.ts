import type { EntryAddress } from './entry.js';
import type { MissReason } from './events.js';
import type { Explanation } from './policy/cache-policy.js';
import type { TierName } from './ports/store.js';
import type { ReadResult } from './read-path.js';

const REASONS: Readonly<Record<MissReason, string>> = {
  absent: 'Nothing is stored under this key: it was never loaded, has expired, was deleted or was evicted.',
  expired: 'The entry has outlived its time to live.',
  invalidated:
    'The entry was stored before an invalidation of one of its groups, or such an invalidation is not confirmed yet.',
  corrupt: 'What is stored under this key is not an entry of this cache and version; the next load replaces it.',
  disconnected: 'There is no connection to Redis at the moment; check healthCheck() and REDIS_URL.',
  timeout: 'Redis did not answer within its timeout (CACHE_REDIS_TIMEOUT).',
  'breaker-open': 'Redis failed several times in a row and is not asked for a moment.',
  shed: 'Too many commands are under way (CACHE_REDIS_MAX_IN_FLIGHT).',
  'connection-lost': 'The connection to Redis broke under the command.',
  rejected: 'Redis answered with an error; its log tells which.',
  closed: 'The cache is closed.',
};

/** Puts into words what a read found. Holds no value. */
export function explainRead(address: EntryAddress, result: ReadResult, tier: TierName, nowMs: number): Explanation {
  const groups = [...(result.fence?.tokens ?? [])];
  const common = { key: address.key, tier };
  if (result.status === 'miss') {
    const known = groups.map(([group, token]) => ({ group, current: token !== null }));
    return {
      ...common,
      status: 'miss',
      reason: REASONS[result.reason],
      ageMs: null,
      ttlLeftMs: null,
      bytes: null,
      groups: known,
    };
  }
  const { envelope } = result;
  return {
    ...common,
    status: result.status,
    reason: result.status === 'hit' ? 'The entry is fresh and would be served.' : REASONS.expired,
    ageMs: Math.max(0, nowMs - envelope.storedAtMs),
    ttlLeftMs: Math.max(0, envelope.expiresAtMs - nowMs),
    bytes: envelope.encoded.bytes.byteLength,
    groups: Object.keys(envelope.snapshot).map((group) => ({ group, current: true })),
  };
}

/** For a call that never reaches the store. */
export function explainBypass(key: string, reason: string): Explanation {
  return { key, status: 'bypass', reason, tier: null, ageMs: null, ttlLeftMs: null, bytes: null, groups: [] };
}
