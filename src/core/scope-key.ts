import type { Group } from './groups.js';
import { scopeGroup } from './groups.js';
import { escapeSegment } from './key/escape.js';
import type { ScopeLevel, ScopeValues } from './policy/scope.js';

/** Knows who is asking. `mustKnow`: a resolver is configured, so a call without values must not be cached. */
export interface ScopeSource {
  readonly mustKnow: boolean;
  current(): ScopeValues | undefined;
}

/** Everybody shares everything. */
export const unscoped: ScopeSource = { mustKnow: false, current: () => undefined };

/** The part of a key that keeps one scope's entries from another's, and the groups it adds. */
export interface ScopeKey {
  /** Empty for public entries. */
  readonly suffix: string;
  readonly groups: readonly Group[];
}

/** Shared by everybody. */
export const PUBLIC: ScopeKey = { suffix: '', groups: [] };
const FIELDS_BY_LEVEL: Readonly<Record<Exclude<ScopeLevel, 'public'>, readonly (keyof ScopeValues)[]>> = {
  tenant: ['tenant'],
  principal: ['tenant', 'principal'],
  workspace: ['tenant', 'workspace'],
  session: ['tenant', 'principal', 'workspace', 'session'],
};

/**
 * The scope of a call, or `null` where it is not known and the call must bypass the cache. Without a `level`: all that
 * is known, which is the narrowest scope.
 */
export function scopeKeyOf(source: ScopeSource, level: ScopeLevel | undefined): ScopeKey | null {
  if (level === 'public') return PUBLIC;
  const values = source.current();
  const known = FIELDS_BY_LEVEL[level ?? 'session'].filter((field) => values?.[field] !== undefined);
  if (level !== undefined && !known.includes(level)) return null;
  if (known.length === 0) return source.mustKnow ? null : PUBLIC;
  const pairs = known.map((field) => [field, values?.[field] ?? ''] as const);
  return {
    suffix: `:${pairs.map(([field, id]) => `@${field}=${escapeSegment(id)}`).join('')}`,
    groups: pairs.map(([field, id]) => scopeGroup(field, id)),
  };
}
