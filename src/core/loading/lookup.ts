import type { EntryAddress, ResolvedPolicy } from '../entry.js';
import type { LoadRequest } from './load-request.js';
import type { ResolvedControl } from '../policy/resolve-control.js';
import type { CachePolicy } from '../policy/cache-policy.js';
import type { Clock } from '../ports/clock.js';
import { seenIn, type FoundEntry, type ReadResult } from '../reading/read-result.js';

/** What is asked for in one call: different addresses, one policy. */
export interface Lookup<T> {
  readonly addresses: readonly EntryAddress[];
  readonly policy: ResolvedPolicy;
  readonly admit: CachePolicy<T>['admit'];
  readonly control: ResolvedControl;
  readonly signal: AbortSignal | undefined;
}

/** Loads for what was not found, or is due. */
export function requestsFor<T>(lookup: Lookup<T>, results: readonly ReadResult[], clock: Clock): LoadRequest<T>[] {
  const { admit, policy, control } = lookup;
  return results.map((result) => ({
    address: result.address,
    fence: result.fence,
    lease: result.lease,
    askedAtMs: result.askedAtMs,
    seen: control.refresh ? 'any' : seenIn(result),
    stale: result.status === 'stale' && isWithinGrace(result, lookup, clock) ? result : null,
    admit,
    policy,
    skipReason: control.noStore ? 'noStore was asked for' : null,
    lateGroups: new Set(),
  }));
}

/** Whether it may be served where loading fails or takes long. */
export function isWithinGrace(
  result: ReadResult,
  { policy, control }: Pick<Lookup<never>, 'policy' | 'control'>,
  clock: Clock,
): boolean {
  if (result.status === 'miss' || isTooOld(result, control, clock)) return false;
  return clock.now() < result.facts.expiresAtMs + policy.graceMs;
}

/** Whether the caller wants nothing of that age. */
export function isTooOld({ facts }: FoundEntry, { maxAgeMs }: ResolvedControl, clock: Clock): boolean {
  return maxAgeMs !== null && clock.now() - facts.storedAtMs > maxAgeMs;
}
