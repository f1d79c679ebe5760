import { CacheArgumentError } from './errors.js';
import type { Group } from './versions/groups.js';
import { scopeGroup } from './versions/groups.js';
import { escapeSegment } from './key/escape.js';
import type { ScopeLevel, ScopeValues } from './policy/scope.js';

/** Knows who is asking. */
export interface ScopeSource {
  /** Somebody said that it matters who asks: a call without values must not be cached. */
  readonly mustKnow: boolean;
  /** The app has a function that knows who asks: a call of which it knows nothing must not be shared. */
  readonly hasResolver?: boolean;
  /** An empty id is named, and not known. An object that is frozen stands for the same values for ever. */
  current(): ScopeValues | undefined;
}

/** The part of a key that keeps one scope's entries from another's, and the groups it adds. */
export interface ScopeKey {
  /** Empty for public entries. */
  readonly suffix: string;
  readonly groups: readonly Group[];
}

type ScopeField = keyof ScopeValues;

/** Shared by everybody. */
export const PUBLIC: ScopeKey = { suffix: '', groups: [] };
/** From the widest to the narrowest. */
export const SCOPE_LEVELS = ['tenant', 'principal', 'workspace', 'session'] as const;

const WIDER_THAN_SESSION: readonly ScopeField[] = ['tenant', 'principal', 'workspace'];
/** All that is known but the session. */
const FORKED = Symbol('forked');

/** Ids that an entry of a level is kept apart by. */
const FIELDS_BY_LEVEL: Readonly<Record<ScopeLevel, readonly ScopeField[]>> = {
  public: [],
  tenant: ['tenant'],
  principal: ['tenant', 'principal'],
  workspace: ['tenant', 'workspace'],
  session: SCOPE_LEVELS,
};

/** Makes the scopes of calls. */
export class ScopeKeys {
  /** By the values they were made of, as long as those are around; then by level. */
  private readonly made = new WeakMap<ScopeValues, Map<ScopeLevel | typeof FORKED | undefined, ScopeKey | null>>();

  constructor(private readonly source: ScopeSource) {}

  /**
   * The scope of a call, or `null` where it is not known and the call must bypass the cache. Without a `level`: all that is
   * known, which is the narrowest scope; all but the session where the entry `isForked`, since its state is in its key.
   * Throws `CacheArgumentError` for what is no level.
   */
  of(given: ScopeLevel | undefined, isForked = false): ScopeKey | null {
    const level = given === undefined && isForked ? FORKED : given;
    const fields = level === FORKED ? WIDER_THAN_SESSION : fieldsOf(level);
    if (fields.length === 0) return PUBLIC;
    const values = this.source.current();
    if (!values) return isOpen(level) && !this.source.mustKnow ? PUBLIC : null;
    if (!Object.isFrozen(values)) return this.make(values, level, fields);
    const known = this.made.get(values);
    const scope = known?.get(level);
    if (scope !== undefined) return scope;
    const made = this.make(values, level, fields);
    this.made.set(values, (known ?? new Map<typeof level, ScopeKey | null>()).set(level, made));
    return made;
  }

  private make(
    values: ScopeValues,
    level: ScopeLevel | typeof FORKED | undefined,
    fields: readonly ScopeField[],
  ): ScopeKey | null {
    const named = fields.filter((field) => values[field] !== undefined);
    const isForked = level === FORKED;
    if (level !== undefined && !isForked && !named.includes(level as ScopeField)) return null;
    // A run that has named its base has said what its answers depend on.
    if (named.length === 0) return (isForked ? this.source.hasResolver : this.source.mustKnow) ? null : PUBLIC;
    if (named.some((field) => values[field] === '')) return null;
    const idOf = (field: ScopeField): string => values[field] ?? '';
    return {
      suffix: `:${named.map((field) => `@${field}=${escapeSegment(idOf(field))}`).join('')}`,
      groups: named.map((field) => scopeGroup(field, idOf(field))),
    };
  }
}

/** Whether the level is whatever is known. */
const isOpen = (level: ScopeLevel | typeof FORKED | undefined): boolean => level === undefined || level === FORKED;

function fieldsOf(level: ScopeLevel = 'session'): readonly ScopeField[] {
  if (Object.hasOwn(FIELDS_BY_LEVEL, level)) return FIELDS_BY_LEVEL[level];
  throw new CacheArgumentError(
    `the scope of the policy is '${String(level)}': expected 'public', 'tenant', 'principal', 'workspace' or 'session'`,
  );
}
