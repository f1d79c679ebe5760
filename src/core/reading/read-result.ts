import type { EntryAddress, EntryFacts } from '../entry.js';
import type { MissReason } from '../events.js';
import type { Sighting } from '../under-way/flights.js';
import { fingerprintOf } from '../ports/entry-store.js';
import type { Group } from '../versions/groups.js';
import type { TierName } from '../ports/store.js';
import type { Fence } from '../versions/stamp.js';

/** An entry that was found: `value` is the caller's own copy. */
export interface FoundEntry extends Sighting {
  readonly status: 'hit' | 'stale';
  readonly address: EntryAddress;
  readonly facts: EntryFacts;
  readonly value: unknown;
  readonly tier: TierName;
  /** When it was found, in milliseconds since 1970. */
  readonly foundAtMs: number;
  /** `null`: it was found in memory, without asking for versions. */
  readonly fence: Fence | null;
}

/**
 * Nothing that may be served. A `fence` of `null`: versions are not known, so nothing may be stored. `outdated`: the entry
 * that was found and may not be served, and the versions that are current.
 */
export interface MissingEntry extends Sighting {
  readonly status: 'miss';
  readonly address: EntryAddress;
  readonly reason: MissReason;
  /** What stands under the key; `null`: nothing. */
  readonly seen: Buffer | null;
  /** How long the store took to answer, in milliseconds: without what this process had to do before it asked, and after. */
  readonly storeMs: number;
  readonly outdated?: { readonly facts: EntryFacts; readonly tokens: ReadonlyMap<Group, string | null> };
}

export type ReadResult = FoundEntry | MissingEntry;

/** What stands under the key that was read; `null`: nothing. */
export const seenIn = (result: ReadResult): Buffer | null =>
  result.status === 'miss' ? result.seen : fingerprintOf(result.facts.stored);

/** Whether both have found the very same entry. */
export const isOfSame = ({ facts }: FoundEntry, other: FoundEntry): boolean =>
  fingerprintOf(facts.stored).equals(fingerprintOf(other.facts.stored));
