import type { Group } from './groups.js';
import type { CachePolicy } from './policy/cache-policy.js';

/** Where an entry lives and to whom it belongs; made once per call, before anything is read. */
export interface EntryAddress {
  /** As the caller gave it. */
  readonly key: string;
  /** Prefix, key and scope: what the store is asked for. */
  readonly storageKey: string;
  /** Namespace of the entry, also its label in metrics and events. */
  readonly category: string;
  /** Groups whose versions the entry is stamped with; the first is its namespace. */
  readonly groups: readonly Group[];
}

/** What a policy comes to: milliseconds, with the cache's defaults and limits applied. */
export interface EntryLifetime {
  readonly ttlMs: number;
  readonly graceMs: number;
}

/** The part of a policy that the write path asks. */
export type Admission = Pick<CachePolicy<never>, 'admit'>;
