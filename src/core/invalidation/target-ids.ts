import type { Group } from '../versions/groups.js';

/** Groups and keys may be the same text. */
export const groupId = (group: Group): string => `g${group}`;
export const keyId = (storageKey: string): string => `k${storageKey}`;

/** What the ids name, in their order. */
export function targetsOf(ids: Iterable<string>): { groups: Group[]; storageKeys: string[] } {
  const all = [...ids];
  const named = (kind: string): string[] => all.filter((id) => id.startsWith(kind)).map((id) => id.slice(kind.length));
  return { groups: named(groupId('')), storageKeys: named(keyId('')) };
}
