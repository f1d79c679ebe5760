import type { ChangeFeed } from './change-feed.js';
import type { EntryStore } from './entry-store.js';
import type { Reply, StoreWrite, UnavailableReason } from './reply.js';

export type { Reply, StoreWrite, UnavailableReason };

/** What a store is: this process's memory, or Redis in one of its topologies. */
export type StoreMode = 'memory' | 'standalone' | 'sentinel' | 'cluster';

/** The tier that a store is, as it appears in outcomes and explanations. */
export type TierName = 'memory' | 'redis';
export const tierOf = ({ mode }: Pick<Store, 'mode'>): TierName => (mode === 'memory' ? 'memory' : 'redis');

export type BreakerState = 'closed' | 'open' | 'half-open';

/** What a store says of itself. `null`: the store does not know, or could not be asked. */
export interface StoreHealth {
  /** Whether it answers. */
  readonly connected: boolean;
  /** One sentence for people. Holds no address, key or credential. */
  readonly message: string;
  readonly mode: StoreMode;
  /** Round trip of one command in milliseconds. */
  readonly latencyMs: number | null;
  /** `open`: it has failed lately and is not asked; `half-open`: it is being tried. */
  readonly breaker: BreakerState;
  /** Of the server, or of all masters together; without Redis, of what this process keeps. */
  readonly memory: {
    readonly usedBytes: number | null;
    /** `null` where the server has no limit. */
    readonly maxBytes: number | null;
    readonly evictionPolicy: string | null;
  };
  /** Data connections that are up, commands under way, and calls that were shed since the start. */
  readonly connections: { readonly open: number; readonly inFlight: number; readonly shed: number };
  /** Cluster only. */
  readonly nodes?: { readonly total: number; readonly ready: number };
}

/**
 * Bytes under literal keys, each with a time to live: Redis, or a memory of this process with the same semantics.
 * No method throws or rejects; each settles within the store's deadline. Keys are whole storage keys, prefix included.
 */
export interface Store {
  readonly mode: StoreMode;
  /** Whether it can answer at the moment, as far as is known without asking it. */
  readonly isAvailable: boolean;
  /** Entries with their leases, and versions. */
  readonly entries: EntryStore;
  /** What happens to its keys, whoever does it. */
  readonly changes: ChangeFeed;
  /** `null`: nothing stands there. */
  get(key: string): Promise<Reply<Buffer | null>>;
  /** In the order of `keys`; one round trip per node. Duplicates are allowed. */
  getMany(keys: readonly string[]): Promise<Reply<(Buffer | null)[]>>;
  /** `false`: too large to be kept at all; an older value is gone. */
  set(write: StoreWrite): Promise<Reply<boolean>>;
  /** `true`: written; `false`: there was a value, and it stays, or it is too large to be kept. */
  setIfAbsent(write: StoreWrite): Promise<Reply<boolean>>;
  /** One round trip per node; not atomic. Unavailable if any write failed; `false` if any is too large to be kept. */
  setMany(writes: readonly StoreWrite[]): Promise<Reply<boolean>>;
  /** As `setMany`, but never sent a second time: repeated, it would undo what others have written in between. */
  setManyOnce(writes: readonly StoreWrite[]): Promise<Reply<boolean>>;
  /** Gives what exists under these keys a new time to live, in milliseconds; what is stored stays as it is. */
  extend(keys: readonly string[], ttlMs: number): Promise<Reply<true>>;
  /** How many of the keys existed. */
  delete(keys: readonly string[]): Promise<Reply<number>>;
  /**
   * Adds the integer `by` to the decimal integer under `key` (0 when absent) and answers the sum. `ttlMs` counts from
   * the first increment and is not renewed. A value or a sum that is no safe integer: `rejected`.
   */
  increment(key: string, by: number, ttlMs: number): Promise<Reply<number>>;
  /**
   * Deletes every key that matches the glob (Redis syntax: `* ? [a-c] [^a] \x`) and answers how many. Walks the key
   * space in bounded steps; each step has the deadline. `complete: false`: a step failed, keys may be left.
   */
  deleteMatching(pattern: string): Promise<{ readonly deleted: number; readonly complete: boolean }>;
  /** Asks the store, within its deadline. */
  health(): Promise<StoreHealth>;
  /**
   * Calls `listener` whenever the store, or a part of it, becomes available again: what answers then may not have heard of
   * the latest that was confirmed. Returns the way to stop listening.
   */
  onRecovered(listener: () => void): () => void;
  /** Ends within 500 ms, whatever the server does. Later calls answer `closed`. */
  close(): Promise<void>;
}
