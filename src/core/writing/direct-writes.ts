import type { EntryAddress, EntryLifetime } from '../entry.js';
import type { RecentInvalidations } from '../invalidation/recent-invalidations.js';
import type { Flights } from '../under-way/flights.js';
import type { LeaseGrant, Leases } from '../under-way/leases.js';
import type { Clock } from '../ports/clock.js';
import type { Encoding } from '../ports/codec.js';
import { IN_HAND, RESERVED } from '../ports/entry-store.js';
import type { ReadPath } from '../reading/read-path.js';
import { within } from '../resilience/within.js';
import type { SetUnderWay } from '../under-way/sets-under-way.js';
import { isUsable, missingIn, snapshotOf } from '../versions/stamp.js';
import type { VersionTokens } from '../versions/version-tokens.js';
import type { Publication, WritePath } from './write-path.js';

interface DirectWritesParts {
  readonly readPath: ReadPath;
  readonly writePath: WritePath;
  readonly tokens: VersionTokens;
  readonly flights: Flights;
  readonly leases: Leases;
  readonly recent: RecentInvalidations;
  readonly clock: Clock;
  /** The most that the store may add to one call, in milliseconds. */
  readonly timeoutMs: number;
}

interface ValueInHand {
  readonly set: SetUnderWay;
  readonly encoding: Encoding;
}

type Stamped = Pick<Publication, 'token' | 'snapshot'>;

/** The key of a value that is being written to its source. */
export interface Reservation {
  readonly set: SetUnderWay;
  readonly stamped: Stamped;
  readonly lifetime: EntryLifetime;
}

/** Stores values that the caller has in hand, under the versions that are current when it does. */
export class DirectWrites {
  constructor(private readonly parts: DirectWritesParts) {}

  /**
   * `true`: all are stored. What was under way for the same keys, in any process, does not overwrite them. Of a key that
   * stands twice, the last value counts.
   */
  store(values: readonly (readonly [EntryAddress, unknown])[], lifetime: EntryLifetime): Promise<boolean> {
    const { clock, timeoutMs, flights, writePath } = this.parts;
    const byKey = new Map(values.map(([address, value]) => [address.storageKey, { address, value }]));
    flights.overtakeKeys(byKey.keys());
    const inHand = [...byKey.values()].map(({ address, value }): ValueInHand => {
      return { set: flights.sets.begin(address), encoding: writePath.encode(address, value) };
    });
    return within(clock, timeoutMs, this.leaseAndPublish(inHand, lifetime), false);
  }

  /**
   * Takes the key for a value that is about to be written to its source: whatever makes the key or a group unusable from then
   * on, here or elsewhere, keeps the value out. `null`: it was not to be had within `withinMs` milliseconds.
   */
  async reserve(address: EntryAddress, lifetime: EntryLifetime, withinMs: number): Promise<Reservation | null> {
    const { clock, flights, leases } = this.parts;
    const set = flights.sets.begin(address);
    const stamping = this.leaseAndStamp([set], RESERVED);
    const [stamped] = await within(clock, withinMs, stamping, []);
    if (stamped) return { set, stamped, lifetime };
    flights.sets.end(set);
    void stamping.then(([late]) => late && leases.release([late.token]));
    return null;
  }

  /** As {@link store}, for a value that was written under the reservation; nobody joins a load that began before. */
  storeReserved({ set, stamped, lifetime }: Reservation, value: unknown): Promise<boolean> {
    const { clock, timeoutMs, flights, writePath } = this.parts;
    const { address } = set;
    const inHand = [{ set, encoding: writePath.encode(address, value) }];
    const publications = this.publicationsOf(inHand, [stamped], lifetime);
    flights.overtakeKeys([address.storageKey]);
    return within(clock, timeoutMs, this.publish(inHand, publications), false);
  }

  /** The value will not be stored. May be called twice. */
  giveBack({ set, stamped }: Reservation): void {
    this.parts.flights.sets.end(set);
    this.parts.leases.release([stamped.token]);
  }

  private async leaseAndPublish(inHand: readonly ValueInHand[], lifetime: EntryLifetime): Promise<boolean> {
    const sets = inHand.map(({ set }) => set);
    const stamped = await this.leaseAndStamp(sets, IN_HAND);
    return this.publish(inHand, this.publicationsOf(inHand, stamped, lifetime));
  }

  private publicationsOf(
    inHand: readonly ValueInHand[],
    stamped: readonly (Stamped | null)[],
    lifetime: EntryLifetime,
  ): Publication[] {
    const { leases, writePath } = this.parts;
    return inHand.flatMap(({ set, encoding }, index): Publication[] => {
      const stamp = stamped[index];
      const { address, isOvertaken } = set;
      if (encoding.ok && stamp && !isOvertaken && writePath.isKept(address, encoding.encoded))
        return [{ address, ...stamp, encoded: encoding.encoded, lifetime, loadMs: 0 }];
      if (stamp) leases.release([stamp.token]);
      return [];
    });
  }

  private async publish(inHand: readonly ValueInHand[], publications: readonly Publication[]): Promise<boolean> {
    const { leases, writePath, flights, recent } = this.parts;
    const publishing = writePath.publish(publications);
    for (const { set } of inHand) flights.sets.end(set);
    const areStored = await publishing;
    // A store that loses them may have the older values again.
    recent.confirmedKeys(publications.flatMap(({ address }, index) => (areStored[index] ? address.storageKey : [])));
    publications.forEach(({ token }, index) => (areStored[index] ? leases.letGo(token) : leases.release([token])));
    return publications.length === inHand.length && !areStored.includes(false);
  }

  /** Takes the keys from whoever loads them, and finds the versions. `null`: one of both is not to be had. */
  private async leaseAndStamp(sets: readonly SetUnderWay[], stamp: string): Promise<(Stamped | null)[]> {
    const { readPath, tokens, leases } = this.parts;
    const leasing = this.lease(sets, stamp);
    const fences = await readPath.fences(sets.map(({ address }) => address));
    const missing = new Set(fences.filter(isUsable).flatMap(missingIn));
    const ensured = await tokens.ensure([...missing]).current;
    const grants = await leasing;
    return fences.map((fence, index) => {
      const snapshot = isUsable(fence) ? snapshotOf(fence, ensured) : null;
      const { token } = grants[index] as LeaseGrant;
      if (token !== null && snapshot) return { token, snapshot };
      if (token !== null) leases.release([token]);
      return null;
    });
  }

  private async lease(sets: readonly SetUnderWay[], stamp: string): Promise<LeaseGrant[]> {
    await Promise.all(sets.map(({ turn }) => turn));
    const wishes = sets.map(({ address: { storageKey } }) => ({ storageKey, stamp, seen: 'any' as const }));
    const grants = await this.parts.leases.acquire(wishes);
    for (const { hasLease } of sets) hasLease();
    return grants;
  }
}
