import type { Clock } from '../../core/ports/clock.js';
import {
  fingerprintOf,
  IN_HAND,
  RESERVED,
  type EntryStore,
  type EntryWrite,
  type LeaseExtension,
  type LeaseRequest,
  type LeaseState,
  type LeaseToken,
  type PublishState,
  type StoredEntries,
  type StoredEntry,
} from '../../core/ports/entry-store.js';
import type { Reply, StoreWrite } from '../../core/ports/store.js';
import { versionIn } from '../version-text.js';
import type { BoundedEntries, BoundedEntry } from './bounded-entries.js';

export interface MemoryEntriesParts {
  readonly kept: BoundedEntries;
  readonly clock: Clock;
  /** Does the work and answers what it answers, unless the store is closed. */
  readonly answer: <T>(work: () => T) => Promise<Reply<T>>;
}

/**
 * Entries of a store in this process. A lease lies beside the older entry, not in front of its bytes, and ends with
 * whatever is done to its key: {@link BoundedEntries} keeps both in one place.
 */
export class MemoryEntries implements EntryStore {
  private readonly kept: BoundedEntries;
  private readonly clock: Clock;
  private readonly answer: MemoryEntriesParts['answer'];

  constructor({ kept, clock, answer }: MemoryEntriesParts) {
    this.kept = kept;
    this.clock = clock;
    this.answer = answer;
  }

  read(
    entryKeys: readonly string[],
    versionKeys: readonly string[],
    { withTtl }: { readonly withTtl: boolean },
  ): Promise<Reply<StoredEntries>> {
    return this.answer(() => ({
      entries: entryKeys.map((key) => this.readEntry(key, withTtl)),
      versions: versionKeys.map((key) => versionIn(this.kept.get(key)?.value)),
    }));
  }

  ensureVersions(writes: readonly StoreWrite[]): Promise<Reply<string[]>> {
    return this.answer(() =>
      writes.map(({ key, value, ttlMs }) => {
        const present = versionIn(this.kept.get(key)?.value);
        if (present === null) this.kept.set(key, value, ttlMs);
        return present ?? Buffer.from(value).toString();
      }),
    );
  }

  lease(requests: readonly LeaseRequest[]): Promise<Reply<LeaseState[]>> {
    return this.answer(() => requests.map((request) => this.leaseOne(request)));
  }

  extendLeases(leases: readonly LeaseExtension[]): Promise<Reply<true>> {
    return this.answer(() => {
      const now = this.clock.monotonicNow();
      for (const { key, token, holdMs, ttlMs } of leases) {
        const entry = this.kept.get(key);
        if (entry?.lease?.token !== token) continue;
        this.kept.put(key, {
          ...entry,
          lease: { ...entry.lease, heldUntilMs: now + holdMs, expiresAtMs: now + ttlMs },
        });
      }
      return true as const;
    });
  }

  publish(writes: readonly EntryWrite[]): Promise<Reply<PublishState[]>> {
    return this.answer(() => writes.map((write) => this.publishOne(write)));
  }

  release(leases: readonly { readonly key: string; readonly token: LeaseToken }[]): Promise<Reply<true>> {
    return this.answer(() => {
      for (const { key, token } of leases) {
        const entry = this.kept.get(key);
        if (entry?.lease?.token === token) this.kept.put(key, { ...entry, lease: null });
      }
      return true as const;
    });
  }

  touch(key: string): void {
    this.kept.get(key);
  }

  /** There are no connections: what was put under a key is what is read. */
  distrust(): void {}

  private readEntry(key: string, withTtl: boolean): StoredEntry | null {
    const entry = this.kept.get(key);
    if (!entry) return null;
    const bytes = entry.value && Buffer.from(entry.value);
    const lease = entry.lease && this.isHeld(entry.lease) ? entry.lease.token : null;
    if (!bytes && lease === null) return null;
    return { bytes, lease, ttlLeftMs: withTtl ? this.kept.ttlLeftMs(entry) : null };
  }

  /** Throws where there is no room for a lease. */
  private leaseOne({ key, token, stamp, seen, holdMs, ttlMs }: LeaseRequest): LeaseState {
    const entry = this.kept.get(key);
    const lease = entry?.lease ?? null;
    if (lease?.token !== token && seen !== 'any') {
      if (lease && this.isHeld(lease)) {
        if (lease.stamp === RESERVED) return 'reserved';
        if (lease.stamp === stamp || lease.stamp === IN_HAND) return 'taken';
      }
      if (!isSame(entry?.value ?? null, seen)) return 'changed';
    }
    const now = this.clock.monotonicNow();
    const held = { token, stamp, heldUntilMs: now + holdMs, expiresAtMs: now + ttlMs };
    const isKept = this.kept.put(key, {
      value: entry?.value ?? null,
      expiresAtMs: entry?.expiresAtMs ?? 0,
      lease: held,
    });
    if (!isKept) throw new RangeError('no room for a lease');
    return 'held';
  }

  private publishOne({ key, token, value, ttlMs }: EntryWrite): PublishState {
    const entry = this.kept.get(key);
    if (entry?.lease?.token === token) return this.kept.set(key, value, ttlMs) ? 'stored' : 'too-large';
    const isThere = !entry?.lease && entry?.value && isSame(entry.value, fingerprintOf(value));
    if (isThere) return 'stored';
    return this.kept.fits(key, value) ? 'lost' : 'too-large';
  }

  private isHeld(lease: NonNullable<BoundedEntry['lease']>): boolean {
    return lease.heldUntilMs > this.clock.monotonicNow();
  }
}

const isSame = (value: Buffer | null, fingerprint: Buffer | null): boolean =>
  value && fingerprint ? fingerprintOf(value).equals(fingerprint) : value === fingerprint;
