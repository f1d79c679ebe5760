import type { DirectWrites } from './direct-writes.js';
import type { EntryAddress, EntryLifetime } from '../entry.js';
import type { Invalidation } from '../invalidation/invalidation.js';
import type { Clock } from '../ports/clock.js';
import { within } from '../resilience/within.js';

interface WriteThroughParts {
  readonly directWrites: DirectWrites;
  readonly invalidation: Invalidation;
  readonly clock: Clock;
  /** The most that the store may add to one call, in milliseconds. */
  readonly timeoutMs: number;
}

/**
 * Writes to the source first and to the cache after it. What was loaded before the source had the new value is not stored
 * after it: the key is taken from whoever loads it, before and after. Where the cache cannot take the new value, it keeps
 * none.
 */
export class WriteThrough {
  constructor(private readonly parts: WriteThroughParts) {}

  /**
   * What `persist` answers. Rejects with its own error; then the key is invalidated, since nobody knows what was written.
   * `lifetime: null`: the value is not to be stored.
   */
  async run<T, R>(
    address: EntryAddress,
    value: T,
    persist: (value: T) => Promise<R>,
    lifetime: EntryLifetime | null,
  ): Promise<R> {
    const { clock, timeoutMs, directWrites, invalidation } = this.parts;
    const startedAt = clock.monotonicNow();
    await within(clock, timeoutMs, invalidation.ofKey(address), undefined);
    const leftMs = timeoutMs - (clock.monotonicNow() - startedAt);
    let isPersisted = false;
    try {
      const result = await persist(value);
      isPersisted = true;
      return result;
    } finally {
      const storing =
        isPersisted && lifetime ? directWrites.store([[address, value]], lifetime) : Promise.resolve(false);
      const settling = storing.then(async (isStored) => isStored || (await invalidation.ofKey(address)).acknowledged);
      await within(clock, leftMs, settling, undefined);
    }
  }
}
