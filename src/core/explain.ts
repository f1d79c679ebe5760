import type { EntryAddress, EntryFacts } from './entry.js';
import type { BypassReason, MissReason } from './events.js';
import type { Explanation } from './policy/cache-policy.js';
import type { TierName } from './ports/store.js';
import type { ReadResult } from './reading/read-result.js';
import type { Refusals } from './refusals.js';

const MISSES: Readonly<Record<MissReason, string>> = {
  absent: 'Nothing is stored under this key: it was never loaded, has expired, was deleted or was evicted.',
  expired: 'The entry has outlived its time to live.',
  invalidated:
    'An invalidation of this key or of one of its groups is not confirmed yet: until it is, it is not served.',
  'too-old': 'The entry is older than maxAge allows.',
  refresh: 'The entry is to be loaded anew.',
  corrupt: 'What is stored under this key is not an entry of this cache and version; the next load replaces it.',
  disconnected: 'There is no connection to Redis at the moment; check healthCheck() and REDIS_URL.',
  timeout: 'Redis did not answer within its timeout (CACHE_REDIS_TIMEOUT).',
  'breaker-open': 'Redis failed several times in a row and is not asked for a moment.',
  shed: 'Too many commands are under way (CACHE_REDIS_MAX_IN_FLIGHT).',
  'connection-lost': 'The connection to Redis broke under the command.',
  rejected: 'Redis answered with an error; its log tells which.',
  closed: 'The cache is closed.',
};
const LOADING = 'A load of it is under way.';
const FRESH = 'The entry is fresh and would be served.';
const OUTDATED = 'The entry was stored before an invalidation of those of its groups that are not current.';
const NOT_STAMPED = 'The entry was stored without one of the groups that the policy names; the next load replaces it.';

/** Why a call of its own accord never reaches the store. */
export type OwnBypass = Extract<
  BypassReason,
  'disabled' | 'closed' | 'requested' | 'unknown-scope' | 'unknown-dependencies'
>;

const BYPASSES: Readonly<Record<OwnBypass, string>> = {
  disabled: 'The cache is disabled (CACHE_ENABLED, or the option `enabled`): every loader runs.',
  closed: 'The cache is closed: every loader runs.',
  requested: 'The caller asked to go past the cache (CacheControl.run(), or the `control` of the policy).',
  'unknown-dependencies':
    'What the result depends on is not known: a function of the option `cascade` failed, or the `state` of the policy is null.',
  'unknown-scope':
    'Who is asking is not known, so nothing is shared: see that CacheScope.run() or scope.resolve names the ids, or give the policy a wider `scope`.',
};

interface Circumstances {
  /** Of the store. */
  readonly tier: TierName;
  readonly nowMs: number;
  /** Why the caller does not want what was found; `null`: it is wanted. */
  readonly unwanted: 'too-old' | 'refresh' | null;
  readonly refusals: Pick<Refusals, 'explain'>;
}

/** Puts into words what a read found. Holds no value. */
export function explainRead(address: EntryAddress, result: ReadResult, circumstances: Circumstances): Explanation {
  const { reason, ...explained } = explainEntry(address, result, circumstances);
  const refusal = explained.status === 'miss' ? circumstances.refusals.explain(address) : null;
  const sentences = [reason, refusal, result.lease === null ? null : LOADING];
  return { ...explained, reason: sentences.filter((sentence) => sentence !== null).join(' ') };
}

function explainEntry(
  address: EntryAddress,
  result: ReadResult,
  { tier, nowMs, unwanted }: Circumstances,
): Explanation {
  const { key } = address;
  if (result.status !== 'miss') {
    const { facts, status } = result;
    const described = { key, tier: result.tier, ...describe(facts, facts.snapshot, nowMs) };
    if (unwanted) return { ...described, status: 'miss', reason: MISSES[unwanted] };
    return { ...described, status, reason: status === 'hit' ? FRESH : MISSES.expired };
  }
  const { outdated } = result;
  if (!outdated) return { key, status: 'miss', reason: MISSES[result.reason], tier, ...NOTHING };
  const described = describe(outdated.facts, Object.fromEntries(outdated.tokens), nowMs);
  return { key, status: 'miss', reason: whyOutdated(address, described.groups), tier, ...described };
}

function whyOutdated({ groups }: EntryAddress, stamped: Explanation['groups']): string {
  if (!stamped.every(({ current }) => current)) return OUTDATED;
  const isStampedWithAll = groups.every((named) => stamped.some(({ group }) => group === named));
  return isStampedWithAll ? MISSES.invalidated : NOT_STAMPED;
}

/** For a call that never reaches the store. */
export function explainBypass(key: string, reason: OwnBypass): Explanation {
  return { key, status: 'bypass', reason: BYPASSES[reason], tier: null, ...NOTHING };
}

type Description = Pick<Explanation, 'storedAtMs' | 'ageMs' | 'ttlLeftMs' | 'bytes' | 'groups'>;

const NOTHING: Description = { storedAtMs: null, ageMs: null, ttlLeftMs: null, bytes: null, groups: [] };

function describe(facts: EntryFacts, current: Readonly<Record<string, string | null>>, nowMs: number): Description {
  const { storedAtMs, expiresAtMs, bytes, snapshot } = facts;
  return {
    storedAtMs,
    ageMs: Math.max(0, nowMs - storedAtMs),
    ttlLeftMs: Math.max(0, expiresAtMs - nowMs),
    bytes,
    groups: Object.entries(snapshot).map(([group, token]) => ({ group, current: current[group] === token })),
  };
}
