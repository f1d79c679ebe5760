import { LRUCache } from 'lru-cache';
import { lruRoomOf, sizeOfEntry } from './lru-room.js';

export interface HeldItemsOptions {
  /** Bound in bytes: encoded size, key, and what an item takes besides. */
  readonly maxBytes: number;
  /** Default: no bound but `maxBytes`. */
  readonly maxEntries?: number | undefined;
  /** Told of what had to go for want of room, and of nothing else. */
  readonly onEvicted?: ((key: string) => void) | undefined;
}

/** Objects under keys, bounded in bytes and number: the least recently used ones are evicted first. */
export class HeldItems<T extends object> {
  /** `null`: nothing fits. */
  private readonly lru: LRUCache<string, T> | null;

  constructor({ maxBytes, maxEntries, onEvicted }: HeldItemsOptions) {
    const room = lruRoomOf(maxBytes, maxEntries);
    const dispose = (_item: T, key: string, reason: LRUCache.DisposeReason): void => {
      if (reason === 'evict') onEvicted?.(key);
    };
    this.lru = room && new LRUCache({ ...room, dispose });
  }

  /** Whether anything can be held at all. */
  get hasRoom(): boolean {
    return this.lru !== null;
  }

  get bytes(): number {
    return this.lru?.calculatedSize ?? 0;
  }

  get count(): number {
    return this.lru?.size ?? 0;
  }

  /** Counts as used thereby. */
  get(key: string): T | undefined {
    return this.lru?.get(key);
  }

  /** `bytes`: encoded size. What is too large is not held, and neither is what was there before. */
  set(key: string, item: T, bytes: number): void {
    this.lru?.set(key, item, { size: sizeOfEntry(key, bytes) });
  }

  delete(key: string): void {
    this.lru?.delete(key);
  }

  clear(): void {
    this.lru?.clear();
  }
}
