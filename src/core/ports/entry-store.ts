import type { Reply, StoreWrite } from './reply.js';

/** Bytes by which a stored entry is known again: the beginning of an envelope holds its checksum or its nonce. */
export const FINGERPRINT_BYTES = 128;

/** A private copy of the beginning of what is stored. */
export const fingerprintOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.subarray(0, FINGERPRINT_BYTES));

/** What stands under the key of an entry. `bytes` and `lease` are not both `null`. */
export interface StoredEntry {
  /** The entry; `null`: a load is under way and there is nothing else. */
  readonly bytes: Buffer | null;
  /** The token of the lease that is held; `null`: none is. */
  readonly lease: LeaseToken | null;
  /** How long the store will keep it, in milliseconds; `null`: it was not asked. */
  readonly ttlLeftMs: number | null;
}

/** What one read has found. */
export interface StoredEntries {
  /** In the order of the entry keys; `null`: nothing stands there. */
  readonly entries: (StoredEntry | null)[];
  /** In the order of the version keys; `null`: there is none, or what stands there is no text. */
  readonly versions: (string | null)[];
}

/** Who is about to load or set an entry. 22 characters of base64url, never used twice. */
export type LeaseToken = string;

/** Stamp of a lease for a value that somebody has in hand: loads wait for it, whatever they run under. */
export const IN_HAND = '0'.repeat(16);

/**
 * Stamp of a lease for a value that somebody is about to write to its source: who loads meanwhile waits for nothing, and
 * stores nothing, since nobody knows whether the old value or the new one was loaded.
 */
export const RESERVED = 'f'.repeat(16);

/** Who wants to load or set the entry under `key`, and what was seen there. */
export interface LeaseRequest {
  readonly key: string;
  /** Who asks. */
  readonly token: LeaseToken;
  /**
   * 16 hex digits: the versions that the load runs under, {@link IN_HAND} or {@link RESERVED}. A lease of another stamp is
   * taken over at once, but for those two.
   */
  readonly stamp: string;
  /** Fingerprint of the entry that was read under the key; `null`: there was none; `'any'`: whatever stands there. */
  readonly seen: Buffer | null | 'any';
  /** After this many milliseconds without {@link EntryStore.extendLeases}, others may take the lease over. */
  readonly holdMs: number;
  /** How long the lease is kept where nobody takes it over, in milliseconds: until then its holder may publish. */
  readonly ttlMs: number;
}

/** What keeps a lease up: for another `holdMs` and `ttlMs` from now. */
export type LeaseExtension = Pick<LeaseRequest, 'key' | 'token' | 'holdMs' | 'ttlMs'>;

/**
 * `held`: by the asker, from now on or as before. `taken`: by another one, for a load under the same stamp or a value in
 * hand. `reserved`: by another one, for a value that is being written to its source. `changed`: something else stands there
 * than was seen.
 */
export type LeaseState = 'held' | 'taken' | 'reserved' | 'changed';

/** An entry to be written in the place of a lease. */
export interface EntryWrite extends StoreWrite {
  /** Of the lease it is written under. */
  readonly token: LeaseToken;
}

/** `lost`: the lease was deleted, taken over or has expired, and nothing was written. `too-large`: it cannot be kept. */
export type PublishState = 'stored' | 'lost' | 'too-large';

/**
 * Entries, whose keys are leased while they are loaded, and versions of groups, which are plain texts.
 *
 * A lease stands under the key of its entry, in front of an older entry if there is one, which can still be read. Whatever
 * deletes or overwrites the key takes the lease with it, also a stranger's `DEL`, so nothing that was loaded before can be
 * published afterwards, however late it arrives. No method rejects; each settles within the store's deadline, and sends
 * one round trip per node.
 */
export interface EntryStore {
  /**
   * Runs `send` when all who ask in this turn of the event loop have asked: what they ask for is then read together. For a
   * store in one place, where no key is away while others are there. Default: each is read for itself, at once.
   */
  readonly gather?: ((send: () => void) => void) | undefined;
  /** `withTtl`: also how long the store will keep each entry. Duplicates are allowed. */
  read(
    entryKeys: readonly string[],
    versionKeys: readonly string[],
    options: { readonly withTtl: boolean },
  ): Promise<Reply<StoredEntries>>;
  /** Writes each version that is missing; answers those that stand there afterwards, in the order of the writes. */
  ensureVersions(writes: readonly StoreWrite[]): Promise<Reply<string[]>>;
  /** Takes leases; one that is held by the same token stays held. In the order of the requests. */
  lease(requests: readonly LeaseRequest[]): Promise<Reply<LeaseState[]>>;
  /** Keeps leases up that are still held; takes none. */
  extendLeases(leases: readonly LeaseExtension[]): Promise<Reply<true>>;
  /** Writes entries in the place of their leases. Repeating it does no more than doing it once. */
  publish(writes: readonly EntryWrite[]): Promise<Reply<PublishState[]>>;
  /** Gives leases up; the older entries stay, with what was left of their time. What is not held is left alone. */
  release(leases: readonly { readonly key: string; readonly token: LeaseToken }[]): Promise<Reply<true>>;
  /** An entry was served from elsewhere: where room is made by what was used least recently, it has been used now. */
  touch?(key: string): void;
  /** An answer held the entry of another key: the connections cannot be trusted and are made anew, now and then. */
  distrust(): void;
}
