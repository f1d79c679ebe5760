import type { EntryAddress } from './entry.js';
import type { Clock } from './ports/clock.js';
import type { EncodedValue } from './ports/codec.js';
import { type Fence, Stamp } from './stamp.js';
import type { WritesUnderWay, WriteUnderWay } from './writes-under-way.js';

/**
 * How a load ended. `encoded: null`: the result cannot be copied faithfully, so it belongs to its loader alone.
 * `isStorable: false`: nobody gets it again.
 */
export type Landing =
  | {
      readonly ok: true;
      readonly value: unknown;
      readonly encoded: EncodedValue | null;
      readonly isStorable: boolean;
    }
  | { readonly ok: false; readonly error: unknown };

/** One load under way, and all who wait for it. */
export class Flight {
  /** Never rejects. */
  readonly landing: Promise<Landing>;
  /** Gives all who wait the result. */
  land!: (landing: Landing) => void;
  /** The versions the result is stored under. */
  readonly stamp: Stamp;
  waiterCount = 0;
  /** When what it came to expires, in monotonic milliseconds. */
  expiresAtMs = Infinity;

  constructor(
    readonly write: WriteUnderWay,
    fence: Fence | null,
    readonly startedAtMs: number,
  ) {
    this.stamp = new Stamp(fence);
    this.landing = new Promise((resolve) => (this.land = resolve));
  }
}

/** Without versions, an invalidation elsewhere is not seen: a load this old is not joined any more. */
const UNFENCED_JOIN_MS = 500;

/**
 * The loads of this process that can be joined, by storage key: from their beginning until the store has replied to what
 * they came to, so that a caller who read before that finds either the load or the entry.
 *
 * Nobody who asks after an invalidation joins a load that began before it: those of this instance overtake it, and those
 * of others show in the tokens, which must be those of the flight. Joining on an equally missing token is sound but for
 * the eviction of a token written since, within the time of one load.
 */
export class Flights {
  private readonly flights = new Map<string, Flight>();

  constructor(
    private readonly clock: Clock,
    private readonly writes: WritesUnderWay,
  ) {}

  /** The flight to wait for, if there is one that began under the same versions. */
  join({ storageKey }: EntryAddress, fence: Fence | null): Flight | null {
    const flight = this.flights.get(storageKey);
    if (!flight || flight.write.isOvertaken || !flight.stamp.isUnder(fence)) return null;
    const nowMs = this.clock.monotonicNow();
    if (nowMs >= flight.expiresAtMs || (!fence && nowMs - flight.startedAtMs >= UNFENCED_JOIN_MS)) return null;
    flight.waiterCount++;
    return flight;
  }

  /** Registers a load that begins now. One under way that could not be joined is overtaken by it. */
  open(address: EntryAddress, fence: Fence | null): Flight {
    const flight = new Flight(this.writes.begin(address), fence, this.clock.monotonicNow());
    const older = this.flights.get(address.storageKey);
    if (older) older.write.isOvertaken = true;
    this.flights.set(address.storageKey, flight);
    return flight;
  }

  /** A load that nobody joins and that is not stored: it is a part of another one of its key, which will be. */
  openWithin(outer: Flight): Flight {
    const write = { address: outer.write.address, isOvertaken: true, reply: null };
    return new Flight(write, null, this.clock.monotonicNow());
  }

  /** Nobody joins any more, and nothing more is handed to the store. */
  close(flight: Flight): void {
    const { storageKey } = flight.write.address;
    if (this.flights.get(storageKey) === flight) this.flights.delete(storageKey);
    this.writes.end(flight.write);
  }
}
