import { digest } from '../key/digest.js';
import type { Group } from './groups.js';
import type { Snapshot } from '../ports/codec.js';

/** Tokens of an entry's groups as they were when it was read: what a load that begins now is stamped with. */
export interface Fence {
  /** `null`: the group has no token yet. */
  readonly tokens: ReadonlyMap<Group, string | null>;
  /** They were read while an invalidation waited for its confirmation, so nothing may be stored under them. */
  readonly isCovered?: boolean;
}

/** Whether a result may be stored under it, once the missing tokens are there. */
export const isUsable = (fence: Fence | null): fence is Fence => fence !== null && !fence.isCovered;

/** Groups that have no token. */
export const missingIn = ({ tokens }: Fence): Group[] =>
  [...tokens].flatMap(([group, token]) => (token === null ? [group] : []));

/** The versions of the fence, completed from `ensured`. `null`: one is still missing. */
export function snapshotOf({ tokens }: Fence, ensured: ReadonlyMap<Group, string>): Snapshot | null {
  const snapshot: Record<string, string> = {};
  for (const [group, token] of tokens) {
    const current = token ?? ensured.get(group);
    if (current === undefined) return null;
    snapshot[group] = current;
  }
  return snapshot;
}

/** Whether an entry is stamped with all of `groups`, and all that it is stamped with is still current. */
export function isCurrent(
  snapshot: Snapshot,
  groups: readonly Group[],
  current: ReadonlyMap<Group, string | null>,
): boolean {
  for (const group of groups) if (!Object.hasOwn(snapshot, group)) return false;
  for (const group in snapshot) if (current.get(group) !== snapshot[group]) return false;
  return true;
}

/**
 * 16 hex digits that tell snapshots apart: loads under the same one come to the same result. Made of the tokens alone, which
 * are random and of one group each: it stands in the store, where a guess at the ids of groups could be tried on it.
 */
export function stampOf(snapshot: Snapshot): string {
  return digest(JSON.stringify(Object.values(snapshot).sort())).slice(0, 16);
}

/** What a load is known to run under. */
export interface LoadVersions {
  /** What was read before it. */
  readonly fence: Fence | null;
  /** What is being written where nothing was. */
  readonly offered: ReadonlyMap<Group, string> | null;
  /** What it comes to; `null`: not known yet. */
  readonly snapshot: Snapshot | null;
}

/**
 * Whether a load stands for the very versions that a caller has just seen. Who sees no version where there was none, or
 * the one that was offered or found then, sees that no invalidation came in between: its token would be another one.
 */
export function isSameFence({ fence: own, offered, snapshot }: LoadVersions, seen: Fence | null): boolean {
  if (!seen || !own) return !seen && !own;
  // Of a group that the caller does not name, it has not seen the version.
  if (seen.tokens.size !== own.tokens.size) return false;
  for (const [group, token] of seen.tokens) {
    if (token === own.tokens.get(group)) continue;
    if (token === null || (token !== offered?.get(group) && token !== snapshot?.[group])) return false;
  }
  return true;
}
