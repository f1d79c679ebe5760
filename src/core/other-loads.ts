import type { Flight } from './flights.js';
import type { KeyChanges } from './key-changes.js';
import type { LeaseGrant, Leases, LeaseWish } from './leases.js';
import type { Clock } from './ports/clock.js';
import type { ReadPath } from './read-path.js';
import type { FoundEntry, MissingEntry } from './read-result.js';
import { isUsable, missingIn, snapshotOf } from './stamp.js';

const FIRST_PAUSE_MS = 2;
const MAX_PAUSE_MS = 50;

interface OtherLoadsParts {
  readonly readPath: ReadPath;
  readonly leases: Leases;
  readonly changes: KeyChanges;
  readonly clock: Clock;
}

/** Waits for what other processes are loading. */
export class OtherLoads {
  private isClosed = false;

  constructor(private readonly parts: OtherLoadsParts) {}

  /**
   * What another process has loaded, in the place of what was seen before; `null`: it came to nothing, takes longer than
   * `withinMs` milliseconds, or cannot be seen, and the load is for this process, under the lease that the flight then has,
   * if it could be had.
   */
  async follow(flight: Flight, seen: LeaseWish['seen'], withinMs: number): Promise<FoundEntry | null> {
    const { clock, changes, readPath } = this.parts;
    const { storageKey } = flight.address;
    const endsAtMs = clock.monotonicNow() + withinMs;
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS)) {
      const leftMs = endsAtMs - clock.monotonicNow();
      if (leftMs > 0) await changes.next(storageKey, Math.min(pauseMs, leftMs));
      const [result] = await readPath.readStore([flight.address]);
      if (!result || this.isClosed) return null;
      if (result.status === 'hit' && !isSame(result.facts.fingerprint, seen)) return result;
      const isOver = clock.monotonicNow() >= endsAtMs;
      if (await this.leads(flight, result, isOver)) return null;
    }
  }

  /** Nobody waits any more. */
  close(): void {
    this.isClosed = true;
    this.parts.changes.close();
  }

  /** Tries to make the load this process's own. `isOver`: it has waited long enough. */
  private async leads(flight: Flight, result: FoundEntry | MissingEntry, isOver: boolean): Promise<boolean> {
    const { fence } = result;
    flight.fence = fence;
    flight.snapshot = isUsable(fence) && missingIn(fence).length === 0 ? snapshotOf(fence, new Map()) : null;
    if (!flight.snapshot) return true;
    const seen = isOver ? 'any' : result.status === 'miss' ? result.seen : result.facts.fingerprint;
    const wish: LeaseWish = { storageKey: flight.address.storageKey, snapshot: flight.snapshot, seen };
    const [grant] = (await this.parts.leases.acquire([wish])) as [LeaseGrant];
    flight.leaseGranted(grant.token, this.parts.clock.monotonicNow());
    return isOver || grant.state === 'held' || grant.state === 'unavailable';
  }
}

const isSame = (fingerprint: Buffer, seen: LeaseWish['seen']): boolean =>
  seen !== null && seen !== 'any' && seen.equals(fingerprint);
