import type { Flight } from '../under-way/flights.js';
import type { LeaseGrant, Leases } from '../under-way/leases.js';
import type { EventSink } from '../events.js';
import type { Clock } from '../ports/clock.js';
import type { LeaseRequest } from '../ports/entry-store.js';
import type { Snapshot } from '../ports/codec.js';
import { within } from '../resilience/within.js';
import { isUsable, missingIn, snapshotOf } from '../versions/stamp.js';
import type { VersionTokens } from '../versions/version-tokens.js';

/** A load that is about to begin, and what was under its key when that was read. */
export interface Departure {
  readonly flight: Flight;
  /** `'any'`: whatever stands there is to be replaced. */
  readonly seen: LeaseRequest['seen'];
  /** `false`: what it comes to is not to be stored, so nobody is to wait for it elsewhere. */
  readonly isWanted: boolean;
}

/** `lead`: the load is this process's. `follow`: another one loads the same, or has loaded it since. */
export type Role = 'lead' | 'follow';

interface Prepared {
  readonly snapshot: Snapshot | null;
  readonly grant: LeaseGrant | null;
}

interface PreparationParts {
  readonly events: EventSink;
  readonly tokens: VersionTokens;
  readonly leases: Leases;
  readonly clock: Clock;
}

/** What has to be settled with the store before a load may begin: its versions, and whose load it is. */
export class Preparation {
  constructor(private readonly parts: PreparationParts) {}

  /**
   * Gives the flights their versions and leases, `withinMs` milliseconds at most. A load for which the store gives neither
   * leads too, and what it comes to is not stored.
   */
  prepare(departures: readonly Departure[], withinMs: number): readonly Role[] | Promise<Role[]> {
    // Of what cannot be stored, nothing is asked.
    return departures.some(isStorable) ? this.settle(departures, withinMs) : departures.map(() => 'lead');
  }

  private async settle(departures: readonly Departure[], withinMs: number): Promise<Role[]> {
    const preparing = this.begin(departures);
    const prepared = await within(this.parts.clock, withinMs, preparing, null);
    if (prepared === null) {
      this.parts.events.emit('error', { category: 'lease', operation: 'lease', reason: 'timeout' });
      void preparing.then((late) => this.giveBack(late));
    }
    return departures.map(({ flight }, index) => {
      const { snapshot, grant } = prepared?.[index] ?? { snapshot: null, grant: null };
      flight.snapshot = snapshot;
      flight.leaseGranted(grant?.token ?? null, this.parts.clock.monotonicNow());
      return grant?.state === 'taken' || grant?.state === 'changed' ? 'follow' : 'lead';
    });
  }

  private async begin(departures: readonly Departure[]): Promise<Prepared[]> {
    const { tokens, leases } = this.parts;
    const fences = departures.map((departure) => (isStorable(departure) ? departure.flight.fence : null));
    const missing = fences.flatMap((fence) => (fence ? missingIn(fence) : []));
    const { offered, current } = tokens.ensure([...new Set(missing)]);
    for (const { flight } of departures) flight.offered = offered;
    const ensured = missing.length > 0 ? await current : offered;
    const snapshots = fences.map((fence) => fence && snapshotOf(fence, ensured));
    const wishes = departures.flatMap(({ flight, seen }, index) => {
      const snapshot = snapshots[index];
      return snapshot ? [{ storageKey: flight.address.storageKey, snapshot, seen }] : [];
    });
    const grants = (await leases.acquire(wishes)).values();
    return snapshots.map((snapshot) => ({
      snapshot: snapshot ?? null,
      grant: snapshot ? (grants.next().value ?? null) : null,
    }));
  }

  private giveBack(prepared: readonly Prepared[]): void {
    this.parts.leases.release(prepared.flatMap(({ grant }) => (grant?.token ? [grant.token] : [])));
  }
}

const isStorable = ({ flight, isWanted }: Departure): boolean => isWanted && isUsable(flight.fence);
