import type { Group } from './versions/groups.js';
import type { Snapshot, ValueCodec } from './ports/codec.js';
import type { CachePolicy } from './policy/cache-policy.js';
import type { CostOf } from './policy/cost.js';

/** Where an entry lives and to whom it belongs; made once per call, before anything is read. */
export interface EntryAddress {
  /** As the caller gave it. */
  readonly key: string;
  /** The name in the store of the key with its variant, state and scope; nothing is to be read from it. */
  readonly storageKey: string;
  /** Namespace of the entry, also its label in metrics and events. */
  readonly category: string;
  /** Groups whose versions the entry is stamped with; the first is its namespace. */
  readonly groups: readonly Group[];
  /** Of its value; `undefined`: the cache's own. */
  readonly codec: ValueCodec | undefined;
  /** Whether this process may keep it in front of the store. */
  readonly isHeld: boolean;
  /** Whether its state is part of the key, so that no resource makes it unusable. */
  readonly isForked: boolean;
  /** Label of what a hit saves; `undefined`: none besides the category. */
  readonly tool?: string | undefined;
  /** What a hit saves besides time; `undefined`: nothing is known. */
  readonly cost?: CostOf<never> | undefined;
}

/** What is known of an entry besides its value. */
export interface EntryFacts {
  /** Milliseconds since 1970. */
  readonly storedAtMs: number;
  /** Milliseconds since 1970; from then on the entry is stale. */
  readonly expiresAtMs: number;
  readonly snapshot: Snapshot;
  /** How long the load took, in milliseconds; of a batch, the entry's share. */
  readonly loadMs: number;
  /** Encoded size of the value. */
  readonly bytes: number;
  /** What the store holds, or its beginning, by which the store knows it again; see `fingerprintOf`. */
  readonly stored: Buffer;
}

/** What a policy comes to: milliseconds, with the cache's defaults and limits applied. */
export interface EntryLifetime {
  readonly ttlMs: number;
  readonly graceMs: number;
}

/** All that a policy says in numbers, with the defaults and limits applied. Times are milliseconds; `null`: off. */
export interface ResolvedPolicy extends EntryLifetime {
  /** How long a load is waited for while there is an entry within its grace. */
  readonly softTimeoutMs: number | null;
  /** How long the load of somebody else is waited for. */
  readonly hardTimeoutMs: number;
  /** Share of the time to live past which a hit starts a load; more than 0 and less than 1. */
  readonly eagerRefreshRatio: number | null;
  /** More than 0. */
  readonly earlyExpiryBeta: number | null;
  /** Greatest share by which the time to live is shortened, 0 to 1. */
  readonly jitterRatio: number;
  /** Time to live of `null`. 0: it is not stored. `null`: `ttlMs`. */
  readonly negativeTtlMs: number | null;
}

/** The part of a policy that the write path asks. */
export type Admission = Pick<CachePolicy<never>, 'admit'>;
