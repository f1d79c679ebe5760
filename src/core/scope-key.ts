import { CacheArgumentError } from './errors.js';
import type { Group } from './groups.js';
import { scopeGroup } from './groups.js';
import { escapeSegment } from './key/escape.js';
import type { ScopeLevel, ScopeValues } from './policy/scope.js';

/** Knows who is asking. */
export interface ScopeSource {
  /** Somebody said that it matters who asks: a call without values must not be cached. */
  readonly mustKnow: boolean;
  /** An empty id is named, and not known. */
  current(): ScopeValues | undefined;
}

/** The part of a key that keeps one scope's entries from another's, and the groups it adds. */
export interface ScopeKey {
  /** Empty for public entries. */
  readonly suffix: string;
  readonly groups: readonly Group[];
}

/** Shared by everybody. */
export const PUBLIC: ScopeKey = { suffix: '', groups: [] };
/** From the widest to the narrowest. */
export const SCOPE_LEVELS = ['tenant', 'principal', 'workspace', 'session'] as const;

/** Ids that an entry of a level is kept apart by. */
const FIELDS_BY_LEVEL: Readonly<Record<ScopeLevel, readonly (keyof ScopeValues)[]>> = {
  public: [],
  tenant: ['tenant'],
  principal: ['tenant', 'principal'],
  workspace: ['tenant', 'workspace'],
  session: SCOPE_LEVELS,
};

/**
 * The scope of a call, or `null` where it is not known and the call must bypass the cache. Without a `level`: all that
 * is known, which is the narrowest scope. Throws `CacheArgumentError` for what is no level.
 */
export function scopeKeyOf(source: ScopeSource, level: ScopeLevel | undefined): ScopeKey | null {
  const fields = fieldsOf(level);
  if (fields.length === 0) return PUBLIC;
  const values = source.current();
  const named = fields.filter((field) => values?.[field] !== undefined);
  if (level !== undefined && !named.includes(level as keyof ScopeValues)) return null;
  if (named.length === 0) return source.mustKnow ? null : PUBLIC;
  const pairs = named.map((field) => [field, values?.[field] ?? ''] as const);
  if (pairs.some(([, id]) => id === '')) return null;
  return {
    suffix: `:${pairs.map(([field, id]) => `@${field}=${escapeSegment(id)}`).join('')}`,
    groups: pairs.map(([field, id]) => scopeGroup(field, id)),
  };
}

function fieldsOf(level: ScopeLevel = 'session'): readonly (keyof ScopeValues)[] {
  if (Object.hasOwn(FIELDS_BY_LEVEL, level)) return FIELDS_BY_LEVEL[level];
  throw new CacheArgumentError(
    `the scope of the policy is '${String(level)}': expected 'public', 'tenant', 'principal', 'workspace' or 'session'`,
  );
}
