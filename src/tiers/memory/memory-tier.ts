import type { ChangeFeed } from '../../core/ports/change-feed.js';
import type { Clock } from '../../core/ports/clock.js';
import type { HeldEntry, MemoryRead, MemoryTier as MemoryTierPort } from '../../core/ports/memory-tier.js';
import { VERSION_SHARE } from './bounded-entries.js';
import { ChangeMarks } from './change-marks.js';
import { HeldItems } from './held-items.js';
import { ReadUnderWay, type HoldingPlaces, type KeptEntry, type KeptVersion } from './read-under-way.js';

export interface MemoryTierOptions {
  /** Bound in bytes: encoded sizes, keys and what an item takes besides, versions included. 0: nothing is held. */
  readonly maxBytes: number;
  /** Bound of the number of entries. Default: none but `maxBytes`. */
  readonly maxEntries?: number | undefined;
  readonly clock: Clock;
  /** Of the store whose entries are held. */
  readonly changes: ChangeFeed;
  /** What the keys of versions begin with, and no others. */
  readonly versionPrefix: string;
  /** An entry had to go for want of room. */
  readonly onEvicted?: ((storageKey: string) => void) | undefined;
  /** An entry was answered, without the store having been asked. */
  readonly onUsed?: ((storageKey: string) => void) | undefined;
}

/**
 * Decoded entries and versions of a store in the memory of this process.
 *
 * - What is held was read from the store, never written by this process and not yet confirmed.
 * - A change that is told between the beginning of a read and its end keeps all of that read out: its answer may be older
 *   than the change. A change that is told later deletes what is held.
 * - Every answer asks the feed first, because a feed that is cut off tells nothing.
 * - Nothing is answered longer than the store keeps it, counted from when the store was asked.
 *
 * Lossy on purpose: changes of other keys may keep a read out, since marks are shared between keys.
 */
export class MemoryTier implements MemoryTierPort {
  readonly isOn: boolean;
  private changesOfVersions = 0;
  private readonly entries: HeldItems<KeptEntry>;
  private readonly versions: HeldItems<KeptVersion>;
  private readonly marks = new ChangeMarks();
  private readonly places: HoldingPlaces;
  private readonly clock: Clock;
  private readonly changes: ChangeFeed;
  private readonly versionPrefix: string;
  private readonly onUsed: MemoryTierOptions['onUsed'];

  constructor({ maxBytes, maxEntries, clock, changes, versionPrefix, onEvicted, onUsed }: MemoryTierOptions) {
    const versionBytes = Math.floor(maxBytes * VERSION_SHARE);
    this.entries = new HeldItems({ maxBytes: maxBytes - versionBytes, maxEntries, onEvicted });
    this.versions = new HeldItems({ maxBytes: versionBytes });
    this.isOn = this.entries.hasRoom;
    this.clock = clock;
    this.changes = changes;
    this.versionPrefix = versionPrefix;
    this.onUsed = onUsed;
    this.places = { entries: this.entries, versions: this.versions, marks: this.marks, changes };
    if (this.isOn) changes.listen({ changed: (keys) => this.changed(keys), lost: () => this.lost() });
  }

  get epoch(): number {
    return this.changesOfVersions;
  }

  /** What is held takes, entries and versions together, in bytes. */
  get bytes(): number {
    return this.entries.bytes + this.versions.bytes;
  }

  /** Number of entries held. */
  get count(): number {
    return this.entries.count;
  }

  entry(storageKey: string): HeldEntry | undefined {
    const kept = this.entries.get(storageKey);
    if (kept === undefined || !this.changes.isFresh(kept.readAtMs)) return undefined;
    if (kept.endsAtMs <= this.clock.monotonicNow()) {
      this.entries.delete(storageKey);
      return undefined;
    }
    this.onUsed?.(storageKey);
    return kept.entry;
  }

  version(versionKey: string): string | undefined {
    const kept = this.versions.get(versionKey);
    return kept !== undefined && this.changes.isFresh(kept.readAtMs) ? kept.token : undefined;
  }

  beginRead(keys: readonly string[]): MemoryRead {
    return this.isOn ? new ReadUnderWay(keys, this.clock.monotonicNow(), this.places) : NOTHING_HELD;
  }

  drop(storageKey: string): void {
    this.entries.delete(storageKey);
  }

  private changed(keys: readonly string[]): void {
    let isOfVersions = false;
    for (const key of keys) {
      this.marks.mark(key);
      if (key.startsWith(this.versionPrefix)) {
        isOfVersions = true;
        this.versions.delete(key);
      } else this.entries.delete(key);
    }
    if (isOfVersions) this.changesOfVersions++;
  }

  private lost(): void {
    this.marks.markAll();
    this.changesOfVersions++;
    this.entries.clear();
    this.versions.clear();
  }
}

const NOTHING_HELD: MemoryRead = { holdEntry: () => {}, holdVersion: () => {}, end: () => {} };
