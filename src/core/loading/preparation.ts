import type { Flight } from '../under-way/flights.js';
import type { LeaseGrant, Leases } from '../under-way/leases.js';
import type { EventSink } from '../events.js';
import type { Clock } from '../ports/clock.js';
import type { LeaseRequest, LeaseToken } from '../ports/entry-store.js';
import type { Snapshot } from '../ports/codec.js';
import { portionsOf } from '../portions.js';
import { withinFromNextTurn } from '../resilience/within.js';
import { isUsable, missingIn, snapshotOf, stampOf } from '../versions/stamp.js';
import type { VersionTokens } from '../versions/version-tokens.js';

/** A load that is about to begin, and what was under its key when that was read. */
export interface Departure {
  readonly flight: Flight;
  /** `'any'`: whatever stands there is to be replaced. */
  readonly seen: LeaseRequest['seen'];
  /** Token of the lease that was seen there; `null`: there was none. */
  readonly lease: LeaseToken | null;
  /** `false`: what it comes to is not to be stored, so nobody is to wait for it elsewhere. */
  readonly isWanted: boolean;
}

/** `lead`: the load is this process's. `follow`: another one loads the same, or has loaded it since. */
export type Role = 'lead' | 'follow';

interface Prepared {
  readonly snapshot: Snapshot | null;
  readonly grant: LeaseGrant | null;
}

/** What has been settled up to now. */
interface Progress {
  /** By flight. */
  readonly prepared: Map<Flight, Prepared>;
  /** Nobody waits for more. */
  isOver: boolean;
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
    const progress: Progress = { prepared: new Map(), isOver: false };
    // What nobody would wait for is not asked: it would only have to be given back.
    const isDone =
      withinMs > 0 && (await withinFromNextTurn(this.parts.clock, withinMs, this.begin(departures, progress), false));
    progress.isOver = true;
    if (!isDone) this.parts.events.emit('error', { category: 'lease', operation: 'lease', reason: 'timeout' });
    return departures.map(({ flight, lease }) => {
      const { snapshot, grant } = progress.prepared.get(flight) ?? NOT_PREPARED;
      flight.snapshot = snapshot;
      flight.leaseAnswered(grant, lease, this.parts.clock.monotonicNow());
      return grant?.state === 'taken' || grant?.state === 'changed' ? 'follow' : 'lead';
    });
  }

  /** Resolves to true when all is settled that somebody waits for. */
  private async begin(departures: readonly Departure[], progress: Progress): Promise<true> {
    const { tokens } = this.parts;
    const fences = departures.map((departure) => (isStorable(departure) ? departure.flight.fence : null));
    const missing = fences.flatMap((fence) => (fence ? missingIn(fence) : []));
    const { offered, current } = tokens.ensure([...new Set(missing)]);
    for (const { flight } of departures) flight.offered = offered;
    const ensured = missing.length > 0 ? await current : offered;
    const wanted = departures.flatMap((departure, index): Wanted[] => {
      const fence = fences[index];
      const snapshot = fence ? snapshotOf(fence, ensured) : null;
      return snapshot ? [{ ...departure, snapshot }] : [];
    });
    for (const portion of portionsOf(wanted)) {
      if (progress.isOver) break;
      await this.lease(portion, progress);
    }
    return true;
  }

  private async lease(wanted: readonly Wanted[], progress: Progress): Promise<void> {
    const { leases } = this.parts;
    const grants = await leases.acquire(
      wanted.map(({ flight, snapshot, seen }) => {
        return { storageKey: flight.address.storageKey, stamp: stampOf(snapshot), seen };
      }),
    );
    if (progress.isOver) return leases.release(grants.flatMap(({ token }) => token ?? []));
    wanted.forEach(({ flight, snapshot }, index) => {
      progress.prepared.set(flight, { snapshot, grant: grants[index] ?? null });
    });
  }
}

interface Wanted extends Departure {
  readonly snapshot: Snapshot;
}

const NOT_PREPARED: Prepared = { snapshot: null, grant: null };
const isStorable = ({ flight, isWanted }: Departure): boolean => isWanted && isUsable(flight.fence);
