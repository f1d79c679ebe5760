import type { Flight, Sighting } from '../under-way/flights.js';
import type { KeyChanges } from '../under-way/key-changes.js';
import type { LeaseGrant, Leases, LeaseWish } from '../under-way/leases.js';
import type { Clock } from '../ports/clock.js';
import type { ReadPath } from '../reading/read-path.js';
import { seenIn, type FoundEntry, type ReadResult } from '../reading/read-result.js';
import { isSameFence, isUsable, missingIn, snapshotOf, stampOf } from '../versions/stamp.js';

const FIRST_PAUSE_MS = 2;
/** How long to wait at most before looking again where changes are not told, in milliseconds, and where they are. */
const MAX_PAUSE_MS = 50;
const MAX_TOLD_PAUSE_MS = 100;

/** What a caller had seen when it was found that another process loads. */
type Asked = Sighting & Pick<LeaseWish, 'seen'>;

interface OtherLoadsParts {
  readonly readPath: ReadPath;
  readonly leases: Leases;
  readonly changes: KeyChanges;
  readonly clock: Clock;
}

/** Waits for what other processes are loading. */
export class OtherLoads {
  constructor(private readonly parts: OtherLoadsParts) {}

  /**
   * What another process has loaded, in the place of what `asked` had seen; `null`: it came to nothing, takes longer than
   * `withinMs` milliseconds, or cannot be seen, and the load is for this process, under the lease that the flight then has,
   * if it could be had. `null` also when nobody waits for it any more.
   */
  async follow(flight: Flight, asked: Asked, withinMs: number): Promise<FoundEntry | null> {
    const { clock, changes, readPath } = this.parts;
    const { storageKey } = flight.address;
    const endsAtMs = clock.monotonicNow() + withinMs;
    let taken: Sighting | null = asked;
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs *= 2) {
      const leftMs = endsAtMs - clock.monotonicNow();
      pauseMs = Math.min(pauseMs, changes.areTold ? MAX_TOLD_PAUSE_MS : MAX_PAUSE_MS);
      if (leftMs > 0) await changes.next(storageKey, Math.min(pauseMs, leftMs));
      if (flight.interest === 0) return null;
      const [result] = await readPath.readStore([flight.address]);
      if (!result) return null;
      if (result.status === 'hit' && !isSame(seenIn(result), asked.seen)) return result;
      const isOver = clock.monotonicNow() >= endsAtMs;
      if (!isOver && isUnderWay(taken, result)) continue;
      const state = await this.tryToLead(flight, result, isOver);
      if (isOver || state === 'held' || state === 'reserved' || state === 'unavailable') return null;
      taken = state === 'taken' ? result : null;
    }
  }

  /** Nobody waits any more. */
  close(): void {
    this.parts.changes.close();
  }

  /** Tries to make the load this process's own. `isOver`: it has waited long enough. */
  private async tryToLead(flight: Flight, result: ReadResult, isOver: boolean): Promise<LeaseGrant['state']> {
    const { fence, lease } = result;
    flight.fence = fence;
    flight.snapshot = isUsable(fence) && missingIn(fence).length === 0 ? snapshotOf(fence, new Map()) : null;
    if (!flight.snapshot) return 'unavailable';
    const seen = isOver ? 'any' : seenIn(result);
    const wish: LeaseWish = { storageKey: flight.address.storageKey, stamp: stampOf(flight.snapshot), seen };
    const [grant] = (await this.parts.leases.acquire([wish])) as [LeaseGrant];
    flight.leaseAnswered(grant, lease, this.parts.clock.monotonicNow());
    return grant.state;
  }
}

const isSame = (found: Buffer | null, seen: LeaseWish['seen']): boolean =>
  found !== null && seen !== null && seen !== 'any' && seen.equals(found);

/** Whether the lease that was found to be taken still stands, for the versions that count. */
const isUnderWay = (taken: Sighting | null, { lease, fence }: Sighting): boolean =>
  lease !== null && lease === taken?.lease && isUsable(fence) && isSameFence({ ...NOTHING_WRITTEN, ...taken }, fence);

const NOTHING_WRITTEN = { offered: null, snapshot: null };
