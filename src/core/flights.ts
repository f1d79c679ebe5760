import type { EntryAddress } from './entry.js';
import type { Group } from './groups.js';
import type { Clock } from './ports/clock.js';
import type { EncodedValue, Snapshot } from './ports/codec.js';
import type { Fence } from './read-path.js';

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
  /** An invalidation came meanwhile: the result serves those who wait already, and is not stored. */
  isOvertaken = false;
  waiterCount = 0;
  private readonly tokens: Map<Group, string | null> | null;

  constructor(
    readonly address: EntryAddress,
    fence: Fence | null,
    readonly startedAtMs: number,
  ) {
    this.tokens = fence && new Map(fence.tokens);
    this.landing = new Promise((resolve) => (this.land = resolve));
  }

  /** Tokens that were missing when the load began and have been created for it. */
  stamp(created: Snapshot): void {
    for (const [group, token] of Object.entries(created)) this.tokens?.set(group, token);
  }

  /** The versions the result is stored under; `null` where one is not known. */
  get snapshot(): Snapshot | null {
    const tokens = this.tokens && [...this.tokens];
    return tokens?.every((pair): pair is [Group, string] => pair[1] !== null) ? Object.fromEntries(tokens) : null;
  }

  /** Groups that had no version yet when the load began. */
  get unversionedGroups(): Group[] {
    return [...(this.tokens ?? [])].filter(([, token]) => token === null).map(([group]) => group);
  }

  /** Whether the load began under the very versions that a caller has just seen. */
  isUnder(fence: Fence | null): boolean {
    if (!fence || !this.tokens) return !fence && !this.tokens;
    return [...fence.tokens].every(([group, token]) => this.tokens?.get(group) === token);
  }
}

/** Without versions, an invalidation elsewhere is not seen: a load this old is not joined any more. */
const UNFENCED_JOIN_MS = 500;

/**
 * The loads under way in this process, by storage key.
 *
 * Nobody who asks after an invalidation joins a load that began before it: local invalidations take the flight out, and
 * those of other instances show in the tokens, which must equal those of the flight. Joining on an equally missing token
 * is sound but for the eviction of a token written since, within the time of one load.
 */
export class Flights {
  private readonly flights = new Map<string, Flight>();

  constructor(private readonly clock: Clock) {}

  /** The flight to wait for, if there is one that began under the same versions. */
  join(address: EntryAddress, fence: Fence | null): Flight | null {
    const flight = this.flights.get(address.storageKey);
    if (!flight?.isUnder(fence)) return null;
    if (!fence && this.clock.monotonicNow() - flight.startedAtMs >= UNFENCED_JOIN_MS) return null;
    flight.waiterCount++;
    return flight;
  }

  /** Registers a load that begins now. One under way that could not be joined is overtaken by it. */
  open(address: EntryAddress, fence: Fence | null): Flight {
    const flight = new Flight(address, fence, this.clock.monotonicNow());
    const older = this.flights.get(address.storageKey);
    if (older) older.isOvertaken = true;
    this.flights.set(address.storageKey, flight);
    return flight;
  }

  /** Nobody joins any more. */
  close(flight: Flight): void {
    if (this.flights.get(flight.address.storageKey) === flight) this.flights.delete(flight.address.storageKey);
  }

  /** Takes out every load that `isCovered` and keeps its result from being stored. */
  overtake(isCovered: (address: EntryAddress) => boolean): void {
    for (const flight of this.flights.values()) {
      if (!isCovered(flight.address)) continue;
      flight.isOvertaken = true;
      this.close(flight);
    }
  }
}
