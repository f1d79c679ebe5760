import { LRUCache } from 'lru-cache';
import type { Clock } from '../../core/ports/clock.js';
import { lruRoomOf, sizeOfEntry } from './lru-room.js';

/** Times in monotonic milliseconds. */
export interface BoundedLease {
  readonly token: string;
  readonly stamp: string;
  /** Until when nobody may take it over. */
  readonly heldUntilMs: number;
  /** Until when it is kept. */
  readonly expiresAtMs: number;
}

/** What stands under a key: a value, a lease, or both. */
export interface BoundedEntry {
  /** Private to the entry: neither written to nor handed out. */
  readonly value: Buffer | null;
  /** When the value expires, in monotonic milliseconds. Without a value of no meaning. */
  readonly expiresAtMs: number;
  readonly lease: BoundedLease | null;
}

export interface Bounds {
  readonly maxBytes: number;
  /** Versions aside. */
  readonly maxEntries?: number | undefined;
  /** What the keys of versions begin with: they have room of their own. Default: there are none. */
  readonly versionPrefix?: string | undefined;
  readonly clock: Clock;
  /** Hears of every key that is written, deleted, evicted or found to have expired, while that is being done. */
  readonly onChanged: (key: string) => void;
  /** Hears of what had to go for want of room, while that is being done. */
  readonly onEvicted?: ((key: string) => void) | undefined;
}

type Lru = LRUCache<string, BoundedEntry>;

/**
 * The part of the room that versions have to themselves. Many entries depend on one, and none asks for it while nothing
 * changes, so among the entries it would be the first to go, and all of them with it.
 */
export const VERSION_SHARE = 1 / 8;

/** Values and leases with a time to live, bounded in bytes and number: the least recently used ones are evicted first. */
export class BoundedEntries {
  readonly maxBytes: number;
  private readonly bounds: Bounds;
  private readonly clock: Clock;
  /** All that there are, because the library's own walk over them takes long and must not be interrupted. */
  private readonly names = new Set<string>();
  /** `null`: nothing fits. */
  private readonly entries: Lru | null;
  private readonly versions: Lru | null;

  constructor(bounds: Bounds) {
    this.bounds = bounds;
    this.clock = bounds.clock;
    this.maxBytes = bounds.maxBytes;
    const versionBytes = bounds.versionPrefix === undefined ? 0 : Math.floor(this.maxBytes * VERSION_SHARE);
    this.entries = this.lruOf(this.maxBytes - versionBytes, bounds.maxEntries);
    this.versions = this.lruOf(versionBytes);
  }

  get bytes(): number {
    return (this.entries?.calculatedSize ?? 0) + (this.versions?.calculatedSize ?? 0);
  }

  /** What is live under `key`, which thereby counts as used. */
  get(key: string): BoundedEntry | undefined {
    const entry = this.lruFor(key)?.get(key);
    if (!entry) return undefined;
    const now = this.clock.monotonicNow();
    const value = entry.expiresAtMs > now ? entry.value : null;
    const lease = entry.lease && entry.lease.expiresAtMs > now ? entry.lease : null;
    if (value === entry.value && lease === entry.lease) return entry;
    const left = { ...entry, value, lease };
    return this.put(key, left) ? left : undefined;
  }

  /** Stores a copy of `value`, in place of all that stood there. `false`: it does not fit, and the old one is gone. */
  set(key: string, value: Uint8Array, ttlMs: number): boolean {
    // A slice of Node's shared pool would keep the whole pool alive, so the copy gets memory of its own.
    const copy = Buffer.allocUnsafeSlow(value.byteLength);
    copy.set(value);
    return this.put(key, { value: copy, expiresAtMs: this.clock.monotonicNow() + ttlMs, lease: null });
  }

  /** Stores `entry` itself. `false`: it holds nothing or does not fit, and what stood there is gone. */
  put(key: string, entry: BoundedEntry): boolean {
    const { value, lease } = entry;
    const lru = this.lruFor(key);
    if (value === null && lease === null) lru?.delete(key);
    else lru?.set(key, entry, { size: sizeOf(key, value) + (lease ? lease.token.length + lease.stamp.length : 0) });
    const isKept = lru?.has(key) ?? false;
    if (isKept) this.names.add(key);
    else this.names.delete(key);
    this.bounds.onChanged(key);
    return isKept;
  }

  /** Whether `value` could be kept at all. */
  fits(key: string, value: Uint8Array): boolean {
    return sizeOf(key, value) <= (this.lruFor(key)?.maxSize ?? 0);
  }

  /** Whether there was anything live. */
  delete(key: string): boolean {
    const isLive = this.get(key) !== undefined;
    this.lruFor(key)?.delete(key);
    this.bounds.onChanged(key);
    return isLive;
  }

  /** Keys of all entries, expired ones included. Entries may come and go during the walk. */
  keys(): Iterable<string> {
    return this.names;
  }

  get count(): number {
    return this.names.size;
  }

  clear(): void {
    this.entries?.clear();
    this.versions?.clear();
  }

  /** How long the value, or a lease that stands alone, will be kept. */
  ttlLeftMs({ value, lease, expiresAtMs }: BoundedEntry): number {
    return (value === null ? (lease?.expiresAtMs ?? 0) : expiresAtMs) - this.clock.monotonicNow();
  }

  private lruFor(key: string): Lru | null {
    const { versionPrefix } = this.bounds;
    return versionPrefix !== undefined && key.startsWith(versionPrefix) ? this.versions : this.entries;
  }

  private lruOf(maxBytes: number, maxEntries?: number): Lru | null {
    const room = lruRoomOf(maxBytes, maxEntries);
    const dispose = (_entry: BoundedEntry, key: string, reason: LRUCache.DisposeReason): void => {
      this.bounds.onChanged(key);
      if (reason === 'evict') this.bounds.onEvicted?.(key);
      // One that is replaced keeps its place in a walk that is under way.
      if (reason !== 'set') this.names.delete(key);
    };
    return room && new LRUCache({ ...room, dispose });
  }
}

const sizeOf = (key: string, value: Uint8Array | null): number => sizeOfEntry(key, value?.byteLength ?? 0);
