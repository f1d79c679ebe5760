import type { EntryFacts, EntryLifetime, ResolvedPolicy } from '../entry.js';

/** How long one result is kept: shorter by chance, so that what was stored together does not expire together. */
export function lifetimeOf(policy: ResolvedPolicy, value: unknown, random: () => number): EntryLifetime {
  const { ttlMs, graceMs, negativeTtlMs, jitterRatio } = policy;
  const ownTtlMs = value === null && negativeTtlMs !== null ? negativeTtlMs : ttlMs;
  const jitterMs = jitterRatio > 0 ? ownTtlMs * jitterRatio * random() : 0;
  return { ttlMs: ownTtlMs === 0 ? 0 : Math.max(1, Math.round(ownTtlMs - jitterMs)), graceMs };
}

/**
 * Whether an entry that is still fresh is to be loaded anew already: past a share of its time to live, or by chance, the
 * more likely the nearer its end and the longer its load takes (Vattani, Chierichetti, Lowenstein: Optimal Probabilistic
 * Cache Stampede Prevention, 2015).
 */
export function isRefreshDue(
  { eagerRefreshRatio, earlyExpiryBeta }: ResolvedPolicy,
  { storedAtMs, expiresAtMs, loadMs }: EntryFacts,
  nowMs: number,
  random: () => number,
): boolean {
  if (eagerRefreshRatio !== null && nowMs - storedAtMs >= (expiresAtMs - storedAtMs) * eagerRefreshRatio) return true;
  return earlyExpiryBeta !== null && nowMs - loadMs * earlyExpiryBeta * Math.log(1 - random()) >= expiresAtMs;
}
