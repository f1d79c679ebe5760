import { CacheArgumentError } from './errors.js';
import { escapeSegment, isShortened } from './key/escape.js';
import type { CachePolicy } from './policy/cache-policy.js';
import { everything, type Resource } from './policy/resource.js';
import type { ScopeValues } from './policy/scope.js';

/**
 * A group is a set of entries that one write makes unusable: a namespace, a tag, a context, a resource, a scope.
 * Its id is `kind:escaped id`; its version token lives under one key of the store.
 */
export type Group = string;

/** A namespace that was read from a key may be shortened already: it is in the group of the text that it was. */
export const namespaceGroup = (namespace: string): Group =>
  `ns:${isShortened(namespace) ? namespace : escapeSegment(namespace)}`;
const tagGroup = (tag: string): Group => `tag:${escapeSegment(tag)}`;
export const contextGroup = (taskId: string): Group => `context:${escapeSegment(taskId)}`;
export const scopeGroup = (level: keyof ScopeValues, id: string): Group => `scope:${level}:${escapeSegment(id)}`;
export const resourceGroup = ({ type, id }: Resource): Group => `resource:${escapeSegment(type)}:${escapeSegment(id)}`;

/** Throws `CacheArgumentError` for a text: its characters would be the tags. */
export function tagsGroups(tags: readonly string[]): Group[] {
  if (Array.isArray(tags)) return tags.map(tagGroup);
  throw new CacheArgumentError(`tags is of type ${typeof tags}: expected an array of texts`);
}

/** The groups an entry of this namespace and policy belongs to, scope aside. No duplicates. */
export function groupsOf(namespace: string, policy: Pick<CachePolicy, 'tags' | 'context' | 'dependsOn'>): Group[] {
  const groups = new Set([namespaceGroup(namespace)]);
  for (const tag of tagsGroups(policy.tags ?? [])) groups.add(tag);
  if (policy.context !== undefined) groups.add(contextGroup(policy.context));
  for (const resource of policy.dependsOn ?? []) groups.add(resourceGroup(resource)).add(resourceGroup(everything()));
  return [...groups];
}
