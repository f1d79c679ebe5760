import type { DirectWrites, Reservation } from './direct-writes.js';
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

/** For longer, nothing is kept from being stored for a source that does not answer, in milliseconds. */
const MAX_RESERVED_MS = 30_000;

/**
 * Writes to the source first and to the cache after it. The key is reserved before: what is loaded while the source is
 * written may be the old value, so that it is not stored, and when the key or a group is invalidated meanwhile, somebody may
 * have written something newer, so that the value is not stored. Where the cache cannot take it, it keeps none.
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
    const leftMs = (): number => timeoutMs - (clock.monotonicNow() - startedAt);
    const reservation = lifetime && leftMs() > 0 ? await directWrites.reserve(address, lifetime, leftMs()) : null;
    const budgetMs = leftMs();
    const end = reservation && clock.after(MAX_RESERVED_MS, () => directWrites.giveBack(reservation));
    let isPersisted = false;
    try {
      const result = await persist(value);
      isPersisted = true;
      return result;
    } finally {
      end?.cancel();
      const settling = isPersisted ? this.keep(address, value, reservation) : this.drop(address, reservation);
      await within(clock, budgetMs, settling, undefined);
    }
  }

  private async keep(address: EntryAddress, value: unknown, reservation: Reservation | null): Promise<void> {
    const { directWrites, invalidation } = this.parts;
    const isStored = reservation !== null && (await directWrites.storeReserved(reservation, value));
    if (!isStored) await invalidation.ofKey(address);
  }

  private async drop(address: EntryAddress, reservation: Reservation | null): Promise<void> {
    const { directWrites, invalidation } = this.parts;
    if (reservation) directWrites.giveBack(reservation);
    await invalidation.ofKey(address);
  }
}
