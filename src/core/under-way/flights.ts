import type { EntryAddress } from '../entry.js';
import type { Group } from '../versions/groups.js';
import type { Clock } from '../ports/clock.js';
import type { Snapshot } from '../ports/codec.js';
import type { LeaseToken } from '../ports/entry-store.js';
import type { LeaseGrant } from './leases.js';
import { SetsUnderWay } from './sets-under-way.js';
import { type Fence, isSameFence } from '../versions/stamp.js';
import type { Copied } from '../value-codecs.js';

/**
 * How a load ended. `copy` answers `null` where the result cannot be copied faithfully: it belongs to its loader alone.
 * `isStorable: false`: nobody gets it again. `abandoned`: it came to nothing, and who waits is to load anew.
 */
export type Landing =
  | { readonly kind: 'loaded'; readonly copy: () => Copied; readonly isStorable: boolean }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'abandoned' };

/** One load under way, and all who wait for it. */
export class Flight {
  /** Never rejects. */
  readonly landing: Promise<Landing>;
  /** Gives all who wait the result. */
  land!: (landing: Landing) => void;
  /** The versions the result is stored under; `null`: not known, or not yet. */
  snapshot: Snapshot | null = null;
  /** Versions that are being created for groups that had none. */
  offered: ReadonlyMap<Group, string> | null = null;
  /** Of the lease that it holds; `null`: none, so that nothing is stored. */
  token: LeaseToken | null = null;
  /**
   * Of the lease that stands under its key while it runs: its own, or the one of who writes to the source meanwhile; `''`:
   * one that nobody has seen. `null`: none.
   */
  lease: LeaseToken | null = null;
  /** When that was known to be held, in monotonic milliseconds. */
  leasedAtMs = Infinity;
  /** Something newer is under way or stored: nobody joins any more. */
  isOvertaken = false;
  /** Calls that wait for it, the one that loads included. */
  interest = 0;
  /** Called when all who waited have left. */
  onDeserted: (() => void) | null = null;
  /** Calls that have joined it. */
  waiterCount = 0;
  /** When what it came to expires, in monotonic milliseconds. */
  expiresAtMs = Infinity;

  constructor(
    readonly address: EntryAddress,
    /** What was read before; `null`: not known, so that nothing is stored. */
    public fence: Fence | null,
    readonly startedAtMs: number,
    /** Groups that its loader has named so far. */
    readonly lateGroups: ReadonlySet<Group> = NONE,
  ) {
    this.landing = new Promise((resolve) => (this.land = resolve));
  }

  /** `null`: it was not asked for a lease, or nobody knows. `seen`: what stood under the key when that was read. */
  leaseAnswered(grant: LeaseGrant | null, seen: LeaseToken | null, nowMs: number): void {
    this.token = grant?.token ?? null;
    this.lease = grant?.state === 'reserved' ? (seen ?? '') : this.token;
    this.leasedAtMs = nowMs;
  }
}

const NONE: ReadonlySet<Group> = new Set();

/** What a caller has seen of a key that is to be loaded. */
export interface Sighting {
  /** `null`: the versions are not known. */
  readonly fence: Fence | null;
  /** Token of the lease that was held; `null`: none was. */
  readonly lease: LeaseToken | null;
  /** When it was asked for, in monotonic milliseconds. */
  readonly askedAtMs: number;
}

/** Without versions, an invalidation elsewhere is not seen: a load this old is not joined any more. */
const UNFENCED_JOIN_MS = 500;

/**
 * The loads of this process that can be joined, by storage key: from their beginning until the store has replied to what
 * they came to, so that a caller who read before that finds either the load or the entry.
 *
 * Nobody who asks after an invalidation joins a load that began before it: those of this instance overtake it. Those of
 * others show in the tokens, which must be those of the flight, and in its lease, which goes with whatever is done to the
 * key. Joining on an equally missing token is sound but for the eviction of a token written since, within the time of one
 * load. A group that only the loader has named, and another instance has invalidated, shows in neither.
 */
export class Flights {
  /** Values that are stored without having been loaded. */
  readonly sets = new SetsUnderWay();
  private readonly flights = new Map<string, Flight>();

  constructor(private readonly clock: Clock) {}

  /** The flight that may be waited for, if there is one that stands for what was seen. */
  find({ storageKey }: EntryAddress, seen: Sighting): Flight | null {
    const flight = this.flights.get(storageKey);
    if (!flight || flight.isOvertaken || !isSameFence(flight, seen.fence) || hasLostLease(flight, seen)) return null;
    const nowMs = this.clock.monotonicNow();
    if (nowMs >= flight.expiresAtMs || (!seen.fence && nowMs - flight.startedAtMs >= UNFENCED_JOIN_MS)) return null;
    return flight;
  }

  /** Whether a load of this key is under way. */
  has(storageKey: string): boolean {
    return this.flights.has(storageKey);
  }

  /** Registers a load that begins now. One under way that could not be joined is overtaken by it. */
  open({ address, fence, lateGroups }: Pick<Flight, 'address' | 'fence' | 'lateGroups'>): Flight {
    const flight = new Flight(address, fence, this.clock.monotonicNow(), lateGroups);
    const older = this.flights.get(address.storageKey);
    if (older) older.isOvertaken = true;
    this.flights.set(address.storageKey, flight);
    return flight;
  }

  /** A load that nobody joins and that is not stored. */
  openPrivate(address: EntryAddress): Flight {
    return new Flight(address, null, this.clock.monotonicNow());
  }

  /** Nobody joins any more. */
  close(flight: Flight): void {
    const { storageKey } = flight.address;
    if (this.flights.get(storageKey) === flight) this.flights.delete(storageKey);
  }

  /** It takes too long: nobody joins any more, and what it comes to is not stored. */
  leaveBehind(flight: Flight): void {
    flight.isOvertaken = true;
    this.close(flight);
  }

  /** Nobody joins those that `isCovered` any more, and what they come to is not stored; nor is what is being set. */
  overtake(isCovered: (address: EntryAddress, lateGroups: ReadonlySet<Group>) => boolean): void {
    for (const flight of this.flights.values()) {
      if (isCovered(flight.address, flight.lateGroups)) this.overtakeOne(flight);
    }
    this.sets.overtake((address) => isCovered(address, NONE));
  }

  /** As {@link overtake}, for some keys. */
  overtakeKeys(storageKeys: Iterable<string>): void {
    for (const storageKey of storageKeys) {
      const flight = this.flights.get(storageKey);
      if (flight) this.overtakeOne(flight);
      this.sets.overtakeKey(storageKey);
    }
  }

  private overtakeOne(flight: Flight): void {
    flight.isOvertaken = true;
    this.flights.delete(flight.address.storageKey);
  }
}

/** Who asks while a load is leased sees its lease. Otherwise its key was deleted or written meanwhile. */
const hasLostLease = (flight: Flight, { lease, askedAtMs }: Sighting): boolean =>
  flight.lease !== null && askedAtMs >= flight.leasedAtMs && lease !== flight.lease;
