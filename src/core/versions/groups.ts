import { CacheArgumentError } from '../errors.js';
import { escapeSegment, isShortened } from '../key/escape.js';
import { everything, type Resource } from '../policy/resource.js';
import type { ScopeValues } from '../policy/scope.js';

/**
 * A group is a set of entries that one write makes unusable: a namespace, a tag, a context, a resource, a scope.
 * Its id is `kind:escaped id`; its version token lives under one key of the store.
 */
export type Group = string;

/** A namespace that was read from a key may be shortened already: it is in the group of the text that it was. */
export const namespaceGroup = (namespace: string): Group =>
  `ns:${isShortened(namespace) ? namespace : escapeSegment(namespace)}`;
export const tagGroup = (tag: string): Group => `tag:${escapeSegment(tag)}`;
export const contextGroup = (taskId: string): Group => `context:${escapeSegment(taskId)}`;
export const scopeGroup = (level: keyof ScopeValues, id: string): Group => `scope:${level}:${escapeSegment(id)}`;
export const resourceGroup = ({ type, id }: Resource): Group => `resource:${escapeSegment(type)}:${escapeSegment(id)}`;
/** Of an absolute path, whose characters may be spelled in several ways. */
export const pathGroup = (kind: 'at' | 'below' | 'whole', path: string): Group =>
  `${kind}:${escapeSegment(path.normalize('NFC'))}`;
/** Of all that depends on any resource. */
export const ANY_RESOURCE: Group = resourceGroup(everything());
/** Of all that depends on everything: renewed when any resource changes. */
export const SOME_RESOURCE: Group = 'resources:some';
/** Of all that depends on any resource and is not kept for one tenant. */
export const SHARED_RESOURCES: Group = 'resources:shared';

const TENANT = scopeGroup('tenant', '');

/** Of all that depends on any resource and is kept for the tenant. */
export const tenantResources = (tenant: string): Group => `resources:tenant:${escapeSegment(tenant)}`;

/** Which of the two the entry belongs to that has these groups. */
export function resourcesIn(scopeGroups: readonly Group[]): Group {
  const tenant = scopeGroups.find((group) => group.startsWith(TENANT));
  return tenant === undefined ? SHARED_RESOURCES : `resources:tenant:${tenant.slice(TENANT.length)}`;
}

/** Throws `CacheArgumentError` for a text: its characters would be the tags. */
export function tagsGroups(tags: readonly string[]): Group[] {
  assertArray('tags', tags, 'texts');
  return tags.map(tagGroup);
}

/** Throws `CacheArgumentError` that names `what` for what is no array. */
export function assertArray(what: string, value: unknown, ofWhat: string): void {
  if (Array.isArray(value)) return;
  throw new CacheArgumentError(`${what} is of type ${typeof value}: expected an array of ${ofWhat}`);
}

/** Up to so many, comparing each with all is faster than a set. */
const FEW = 16;

/** Each once, in their order. */
export function distinct(groups: readonly Group[]): readonly Group[] {
  if (groups.length > FEW) return [...new Set(groups)];
  return groups.every((group, index) => groups.indexOf(group) === index) ? groups : [...new Set(groups)];
}
