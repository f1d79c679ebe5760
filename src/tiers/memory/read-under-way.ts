import type { ChangeFeed } from '../../core/ports/change-feed.js';
import type { HeldEntry, MemoryRead } from '../../core/ports/memory-tier.js';
import type { ChangeMarks, Moment } from './change-marks.js';
import type { HeldItems } from './held-items.js';

interface Held {
  /** When the store was asked, in monotonic milliseconds. */
  readonly readAtMs: number;
}

export interface KeptEntry extends Held {
  readonly entry: HeldEntry;
  /** When the store itself will have forgotten it, in monotonic milliseconds. */
  readonly endsAtMs: number;
}

export interface KeptVersion extends Held {
  readonly token: string;
}

/** Where the answers of reads are held, and what tells whether they may be. */
export interface HoldingPlaces {
  readonly entries: HeldItems<KeptEntry>;
  readonly versions: HeldItems<KeptVersion>;
  readonly marks: ChangeMarks;
  readonly changes: ChangeFeed;
}

/** A read of these keys that began at `readAtMs`. Once one of them was told to have changed, nothing of it is held. */
export class ReadUnderWay implements MemoryRead {
  private readonly beganAt: Moment;
  private checkedAt: Moment;
  private isOver = false;

  constructor(
    private readonly keys: readonly string[],
    private readonly readAtMs: number,
    private readonly places: HoldingPlaces,
  ) {
    this.beganAt = this.checkedAt = places.marks.now;
  }

  holdEntry(storageKey: string, entry: HeldEntry, bytes: number, ttlLeftMs: number): void {
    if (ttlLeftMs <= 0 || !this.mayHold()) return;
    const { readAtMs } = this;
    this.places.entries.set(storageKey, { entry, readAtMs, endsAtMs: readAtMs + ttlLeftMs }, bytes);
  }

  holdVersion(versionKey: string, token: string): void {
    if (this.mayHold()) this.places.versions.set(versionKey, { token, readAtMs: this.readAtMs }, token.length);
  }

  end(): void {
    this.isOver = true;
  }

  /** Looks through the keys once, not again for each of them, as long as nothing changes. */
  private mayHold(): boolean {
    const { marks, changes } = this.places;
    if (!this.isOver && marks.now !== this.checkedAt) {
      this.checkedAt = marks.now;
      this.isOver = marks.hasChanged(this.keys, this.beganAt);
    }
    return !this.isOver && changes.isFresh(this.readAtMs);
  }
}
