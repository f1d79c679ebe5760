import { LRUCache } from 'lru-cache';
import type { Clock } from '../../core/ports/clock.js';

/** What an entry takes besides its key and value, in bytes: objects, table slots and list links, as measured. */
export const ENTRY_OVERHEAD_BYTES = 512;

export interface BoundedEntry {
  /** Private to the entry: neither written to nor handed out. */
  readonly value: Buffer;
  /** Monotonic milliseconds. */
  readonly expiresAtMs: number;
}

export interface Bounds {
  readonly maxBytes: number;
  readonly maxEntries?: number | undefined;
  readonly clock: Clock;
}

/** Entries with a time to live, bounded in bytes and number: the least recently used ones are evicted first. */
export class BoundedEntries {
  readonly maxBytes: number;
  private readonly clock: Clock;
  /** All that there are, because the library's own walk over them takes long and must not be interrupted. */
  private readonly names = new Set<string>();
  /** `null`: nothing fits. */
  private readonly lru: LRUCache<string, BoundedEntry> | null;

  constructor({ maxBytes, maxEntries, clock }: Bounds) {
    this.maxBytes = maxBytes;
    this.clock = clock;
    // The library reserves its lists for `max` entries at once, so a number that can never be reached must not get there.
    const fitting = Math.floor(maxBytes / ENTRY_OVERHEAD_BYTES);
    const bounds = maxEntries === undefined ? {} : { max: Math.min(maxEntries, fitting) };
    // One that is replaced keeps its place in a walk that is under way.
    const dispose = (_entry: BoundedEntry, key: string, reason: LRUCache.DisposeReason): boolean =>
      reason !== 'set' && this.names.delete(key);
    this.lru = fitting < 1 || bounds.max === 0 ? null : new LRUCache({ ...bounds, maxSize: maxBytes, dispose });
  }

  get bytes(): number {
    return this.lru?.calculatedSize ?? 0;
  }

  /** The live entry under `key`, which thereby counts as used. */
  get(key: string): BoundedEntry | undefined {
    const entry = this.lru?.get(key);
    return entry && this.ttlLeftMs(entry) > 0 ? entry : undefined;
  }

  /** Stores a copy of `value`. `false`: it does not fit, and the old one is gone. */
  set(key: string, value: Uint8Array, ttlMs: number): boolean {
    // A slice of Node's shared pool would keep the whole pool alive, so the copy gets memory of its own.
    const copy = Buffer.allocUnsafeSlow(value.byteLength);
    copy.set(value);
    const size = ENTRY_OVERHEAD_BYTES + Buffer.byteLength(key) + copy.length;
    this.lru?.set(key, { value: copy, expiresAtMs: this.clock.monotonicNow() + ttlMs }, { size });
    const isKept = this.lru?.has(key) ?? false;
    if (isKept) this.names.add(key);
    else this.names.delete(key);
    return isKept;
  }

  /** Whether there was a live entry. */
  delete(key: string): boolean {
    const entry = this.lru?.peek(key);
    this.lru?.delete(key);
    return entry !== undefined && this.ttlLeftMs(entry) > 0;
  }

  /** Keys of all entries, expired ones included. Entries may come and go during the walk. */
  keys(): Iterable<string> {
    return this.names;
  }

  get count(): number {
    return this.names.size;
  }

  clear(): void {
    this.lru?.clear();
  }

  ttlLeftMs(entry: BoundedEntry): number {
    return entry.expiresAtMs - this.clock.monotonicNow();
  }
}
