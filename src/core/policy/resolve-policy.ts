import type { EntryAddress, EntryLifetime, ResolvedPolicy } from '../entry.js';
import { CacheArgumentError } from '../errors.js';
import { ANY_RESOURCE, resourcesIn, SHARED_RESOURCES, tenantResources, type Group } from '../versions/groups.js';
import { CacheKeyGenerator } from '../key/cache-key-generator.js';
import { escapeSegment } from '../key/escape.js';
import { partOf } from '../key/key-part.js';
import { storeNamesOf, type StoreNames } from '../key/store-names.js';
import type { ValueCodec } from '../ports/codec.js';
import { PUBLIC, ScopeKeys, type ScopeSource } from '../scope-key.js';
import { isWellFormed } from '../well-formed.js';
import type { CachePolicy } from './cache-policy.js';
import { Cascade } from './cascade.js';
import { EntryGroups } from './entry-groups.js';
import { Lifetimes } from './lifetimes.js';
import type { ResolvedOptions } from './options.js';
import { isEverything, type Resource } from './resource.js';
import { ResourceGroups } from './resource-groups.js';
import { wrongArgument } from './wrong-argument.js';

type PolicyDefaults = Pick<ResolvedOptions, 'prefix' | 'ttl' | 'graceMs'> &
  Partial<Pick<ResolvedOptions, 'cascade' | 'encryptionKeys'>>;

/** The only place where a call's policy meets the cache's options. */
export class PolicyResolver {
  private readonly keys = new CacheKeyGenerator();
  private readonly lifetimes: Lifetimes;
  private readonly groups: EntryGroups;
  private readonly scopes: ScopeKeys;

  constructor(
    options: PolicyDefaults,
    private readonly scope: ScopeSource,
    private readonly resources = new ResourceGroups(new Cascade(options.cascade ?? {})),
    private readonly names: StoreNames = storeNamesOf(options),
  ) {
    this.lifetimes = new Lifetimes(options);
    this.groups = new EntryGroups(new Cascade(options.cascade ?? {}), resources);
    this.scopes = new ScopeKeys(scope);
  }

  /**
   * `null`: the call must bypass the cache, for the reason that {@link bypassReasonOf} tells. Throws `CacheArgumentError`,
   * and `CacheKeyError` for a `vary` that no key can be made of.
   */
  addressesOf(keys: readonly string[], policy: CachePolicy<never>): EntryAddress[] | null {
    for (const key of keys) assertKey(key);
    const { state } = policy;
    assertState(state);
    const scope = this.scopes.of(policy.scope, state !== undefined);
    // What is as the state says does not change with the world.
    const named = this.groups.namedBy(state === undefined ? policy : { ...policy, dependsOn: [] });
    if (!scope || !named || state === null) return null;
    const own = named.includes(ANY_RESOURCE) ? [resourcesIn(scope.groups)] : [];
    return this.addresses(keys, policy, scope.suffix, [...named, ...own, ...scope.groups]);
  }

  /** Why there are no addresses. */
  bypassReasonOf(policy: CachePolicy<never>): 'unknown-scope' | 'unknown-dependencies' {
    return this.scopes.of(policy.scope, policy.state !== undefined) ? 'unknown-dependencies' : 'unknown-scope';
  }

  /**
   * An address to look at, not to load for: it has the groups that the policy names itself, and no default namespace, which
   * is not known of an entry that was stored under another policy.
   */
  addressToExplain(key: string, policy: CachePolicy<never>): EntryAddress | null {
    const [address] = this.addressesOf([key], policy) ?? [];
    if (!address || policy.namespace !== undefined) return address ?? null;
    return { ...address, groups: address.groups.slice(1) };
  }

  /** An address that is never stored under. */
  publicAddressOf(key: string, policy: CachePolicy<never>): EntryAddress {
    const [address] = this.addresses([key], policy, PUBLIC.suffix, []);
    return address as EntryAddress;
  }

  /** Throws `CacheArgumentError` for what is no duration, and for a number out of its range. */
  resolve(policy: CachePolicy<never>): ResolvedPolicy {
    return this.lifetimes.resolve(policy);
  }

  /** Throws `CacheArgumentError` for what is no duration. */
  lifetimeOf(policy: Pick<CachePolicy<never>, 'ttl' | 'grace'>, graceMs?: number): EntryLifetime {
    return this.lifetimes.of(policy, graceMs);
  }

  /**
   * Groups of tags that become known late, with what they depend on; `null`: that is not known, and the result must not be
   * stored. Throws `CacheArgumentError`.
   */
  groupsForTags(tags: readonly string[]): readonly Group[] | null {
    return this.groups.ofTags(tags);
  }

  /** As {@link groupsForTags}, for the entry of an address; `null` also where its state was made without them. */
  groupsForResources(
    resources: readonly Resource[],
    { groups, isForked }: Pick<EntryAddress, 'groups' | 'isForked'>,
  ): readonly Group[] | null {
    const stamped = this.resources.stamped(resources);
    if (!stamped || stamped.length === 0) return stamped;
    return isForked ? null : [...stamped, resourcesIn(groups)];
  }

  /**
   * What a change of the resources renews. `within`: of everything, only what belongs to the caller's tenant, or to nobody in
   * particular. Throws `CacheArgumentError`.
   */
  groupsOfChange(resources: readonly Resource[], within?: 'tenant'): readonly Group[] {
    const changed = this.resources.changed(resources);
    if (within === undefined) return changed;
    if (within !== 'tenant' || !resources.every(isEverything)) {
      throw wrongArgument('within', within, "'tenant', beside everything()");
    }
    const tenant = this.scope.current()?.tenant;
    return tenant === undefined || tenant === '' ? changed : [tenantResources(tenant), SHARED_RESOURCES];
  }

  /** A glob that finds what matches `pattern`, and perhaps more; `null`: only all entries do. */
  patternOf(pattern: string): string | null {
    if (typeof pattern === 'string' && pattern !== '') return this.names.patternOf(pattern);
    throw new CacheArgumentError("the pattern is empty: expected a glob such as 'context:task-1:*'");
  }

  private addresses(
    keys: readonly string[],
    policy: CachePolicy<never>,
    scopeSuffix: string,
    others: readonly Group[],
  ): EntryAddress[] {
    const { codec, memory, tool, cost } = policy;
    assertCodec(codec);
    if (memory !== undefined && typeof memory !== 'boolean') throw wrongArgument('memory', memory, 'true or false');
    const isHeld = memory !== false;
    const variant = policy.vary === undefined ? '' : this.variant(policy.vary);
    const isForked = typeof policy.state === 'string';
    const state = isForked ? `:@state=${escapeSegment(policy.state as string)}` : '';
    const suffix = `${variant}${state}${scopeSuffix}`;
    return keys.map((key): EntryAddress => {
      const category = policy.namespace ?? namespaceOf(key);
      const groups = [this.groups.ofNamespace(category), ...others];
      const own = { category, groups, codec, isHeld, isForked, tool, cost };
      return { key, storageKey: this.names.entryKeyOf(key, suffix), ...own };
    });
  }

  /** What keeps the entries of one `vary` from another's. No key holds `:@` itself. */
  private variant(vary: unknown): string {
    return `:@vary=${partOf(vary, (value) => this.keys.hash({ vary: value }))}`;
  }
}

/** The namespace of keys without one. Such a key may be anything, also a secret, and this is shown in metrics and logs. */
export const NO_NAMESPACE = 'default';

/** The text before the first `:`, as it was before the key generator escaped it. */
function namespaceOf(key: string): string {
  const segment = key.slice(0, Math.max(0, key.indexOf(':')));
  if (segment === '') return NO_NAMESPACE;
  if (!segment.includes('%')) return segment;
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

function assertState(state: unknown): void {
  if (state === undefined || state === null || (typeof state === 'string' && state !== '' && isWellFormed(state)))
    return;
  throw wrongArgument('state', state, 'a text such as CacheScope.state(…) answers, or null');
}

function assertCodec(codec: unknown): asserts codec is ValueCodec | undefined {
  if (codec === undefined) return;
  const { encode, decode, copy } = Object(codec) as Partial<ValueCodec>;
  if ([encode, decode, copy].every((method) => typeof method === 'function')) return;
  throw wrongArgument('codec', codec, 'a codec with the methods encode, decode and copy');
}
