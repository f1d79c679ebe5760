import { CacheArgumentError } from '../errors.js';
import type { EventSink } from '../events.js';
import { contextGroup, namespaceGroup, scopeGroup, tagsGroups, type Group } from '../versions/groups.js';
import type { Invalidation } from './invalidation.js';
import type { InvalidationTarget } from '../policy/cache-policy.js';
import type { PolicyResolver } from '../policy/resolve-policy.js';
import type { Resource } from '../policy/resource.js';
import type { ScopeLevel } from '../policy/scope.js';
import { SCOPE_LEVELS } from '../scope-key.js';

interface InvalidationTargetsParts {
  readonly policies: PolicyResolver;
  readonly invalidation: Invalidation;
  readonly events: EventSink;
}

/** An invalidation that has been checked and not begun. */
export interface PreparedInvalidation {
  /** Which form its target has: a label. */
  readonly form: string;
  /** `true`: confirmed by the store. */
  carryOut(): Promise<boolean>;
}

const FORMS = ['key', 'tag', 'tags', 'resource', 'resources', 'context', 'namespace', 'scope', 'pattern'] as const;

type Given = { readonly [F in (typeof FORMS)[number]]?: unknown } & {
  readonly level?: ScopeLevel;
  readonly vary?: unknown;
  readonly state?: string;
  readonly within?: 'tenant';
};

/** Finds out what a target of `invalidate` names. */
export class InvalidationTargets {
  constructor(private readonly parts: InvalidationTargetsParts) {}

  /** Throws `CacheArgumentError` or `CacheKeyError`, before anything was done, for what is no target. */
  prepare(target: InvalidationTarget): PreparedInvalidation {
    const { invalidation, policies } = this.parts;
    const form = formOf(target);
    const given: Given = target;
    if (form === 'key') return { form, carryOut: this.ofKey(given) };
    if (form === 'pattern') {
      const pattern = policies.patternOf(given.pattern as string);
      return { form, carryOut: () => (pattern === null ? invalidation.ofAll() : invalidation.ofPattern(pattern)) };
    }
    const groups = this.groupsOf(given);
    return { form, carryOut: () => invalidation.ofGroups(groups) };
  }

  private groupsOf(given: Given): readonly Group[] {
    const { resource, resources, within } = given;
    if (resource !== undefined) return this.parts.policies.groupsOfChange([resource as Resource], within);
    if (resources !== undefined) return this.parts.policies.groupsOfChange(resources as readonly Resource[], within);
    return namedGroups(given);
  }

  /** Where the scope is not known, so is the entry: nothing is done. */
  private ofKey({ key: given, level, vary, state }: Given): () => Promise<boolean> {
    const { invalidation, policies, events } = this.parts;
    const key = given as string;
    const policy = { vary, ...(state !== undefined && { state }), ...(level !== undefined && { scope: level }) };
    const [address] = policies.addressesOf([key], policy) ?? [];
    if (address) return async () => (await invalidation.ofKey(address)).acknowledged;
    const { category } = policies.publicAddressOf(key, policy);
    return () => {
      events.emit('bypass', { category, reason: 'unknown-scope' });
      return Promise.resolve(false);
    };
  }
}

function formOf(target: unknown): (typeof FORMS)[number] {
  const given = typeof target === 'object' && target !== null ? (target as Given) : {};
  const [form, ...others] = FORMS.filter((name) => given[name] !== undefined);
  if (form && others.length === 0) return form;
  const what = form ? [form, ...others].join(' and ') : 'none of its forms';
  throw new CacheArgumentError(
    `invalidate() was given ${what}: expected exactly one of { key }, { tag }, { tags }, { resource }, { resources }, { context }, { namespace }, { scope } and { pattern }`,
  );
}

function namedGroups({ tag, tags, context, namespace, scope }: Given): Group[] {
  if (tag !== undefined) return tagsGroups([tag as string]);
  if (tags !== undefined) return tagsGroups(tags as readonly string[]);
  if (context !== undefined) return [contextGroup(context as string)];
  if (namespace !== undefined) return [namespaceGroup(namespace as string)];
  return [groupOfScope(scope ?? {})];
}

function groupOfScope({ level, id }: { readonly level?: unknown; readonly id?: unknown }): Group {
  const known = SCOPE_LEVELS.find((name) => name === level);
  if (known && typeof id === 'string' && id !== '') return scopeGroup(known, id);
  throw new CacheArgumentError(
    "invalidate() was given a wrong scope: expected { level: 'tenant', 'principal', 'workspace' or 'session', id: a text that is not empty }",
  );
}
