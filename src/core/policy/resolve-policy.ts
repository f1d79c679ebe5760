import type { EntryAddress, EntryLifetime } from '../entry.js';
import { CacheArgumentError } from '../errors.js';
import { groupsOf, namespaceGroup } from '../groups.js';
import { PUBLIC, scopeKeyOf, type ScopeKey, type ScopeSource } from '../scope-key.js';
import type { CachePolicy } from './cache-policy.js';
import { parseDuration, toMs } from './duration.js';
import type { ResolvedOptions } from './options.js';

type PolicyDefaults = Pick<ResolvedOptions, 'prefix' | 'ttl' | 'graceMs'>;

/** The only place where a call's policy meets the cache's options. */
export class PolicyResolver {
  constructor(
    private readonly options: PolicyDefaults,
    private readonly scope: ScopeSource,
  ) {}

  /** `null`: the scope of the call is not known, so it must bypass the cache. Throws `CacheArgumentError`. */
  addressesOf(keys: readonly string[], policy: CachePolicy<never>): EntryAddress[] | null {
    for (const key of keys) assertKey(key);
    const scope = scopeKeyOf(this.scope, policy.scope);
    return scope && keys.map((key) => this.address(key, policy, scope));
  }

  /**
   * An address to look at, not to load for: it has the groups that the policy names itself, and no default namespace, which
   * is not known of an entry that was stored under another policy.
   */
  addressToExplain(key: string, policy: CachePolicy<never>): EntryAddress | null {
    const [address] = this.addressesOf([key], policy) ?? [];
    if (!address || policy.namespace !== undefined) return address ?? null;
    const byDefault = namespaceGroup(address.category);
    return { ...address, groups: address.groups.filter((group) => group !== byDefault) };
  }

  /** An address that is never stored under. */
  publicAddressOf(key: string, policy: CachePolicy<never>): EntryAddress {
    return this.address(key, policy, PUBLIC);
  }

  /** The namespace: what the policy says, else the key up to its first `:`, else `default`. */
  private categoryOf(key: string, policy: CachePolicy<never>): string {
    return policy.namespace ?? namespaceOf(key);
  }

  /** Throws `CacheArgumentError` for what is no duration. */
  lifetimeOf(policy: Pick<CachePolicy<never>, 'ttl' | 'grace'>, graceMs = this.graceOf(policy.grace)): EntryLifetime {
    const ttlMs = policy.ttl === undefined ? this.options.ttl.defaultMs : toMs(policy.ttl, 'ttl');
    return { ttlMs: Math.min(ttlMs, this.options.ttl.maxMs), graceMs };
  }

  /** The glob that finds `pattern` behind the prefix, which holds no glob characters itself. */
  patternOf(pattern: string): string {
    if (typeof pattern === 'string' && pattern !== '') return `${this.options.prefix}:${pattern}`;
    throw new CacheArgumentError("the pattern is empty: expected a glob such as 'context:task-1:*'");
  }

  private address(key: string, policy: CachePolicy<never>, scope: ScopeKey): EntryAddress {
    const category = this.categoryOf(key, policy);
    return {
      key,
      category,
      storageKey: `${this.options.prefix}:${key}${scope.suffix}`,
      groups: [...groupsOf(category, policy), ...scope.groups],
    };
  }

  private graceOf(grace: CachePolicy['grace']): number {
    if (grace === undefined) return this.options.graceMs;
    return parseDuration(grace) ?? toMs(grace, 'grace');
  }
}

/** The namespace of keys without one. Such a key may be anything, also a secret, and this is shown in metrics and logs. */
export const NO_NAMESPACE = 'default';

/** The text before the first `:`, as it was before the key generator escaped it. */
function namespaceOf(key: string): string {
  const segment = key.slice(0, Math.max(0, key.indexOf(':')));
  if (segment === '') return NO_NAMESPACE;
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** Throws `CacheArgumentError` for what cannot be the key of an entry. */
export function assertKey(key: unknown): void {
  if (typeof key !== 'string' || key === '') {
    const shown = key === '' ? 'empty' : `of type ${typeof key}`;
    throw new CacheArgumentError(`the key is ${shown}: expected a text such as keys.key('report', id) makes`);
  }
  if (key.startsWith('~')) {
    throw new CacheArgumentError("keys that begin with '~' hold the cache's own versions: choose another one");
  }
  if (key.includes(':@')) {
    throw new CacheArgumentError(
      "':@' in a key begins its scope: make keys with keys.key(…), which escapes '@' as '%40'",
    );
  }
}
