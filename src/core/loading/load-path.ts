import type { Caller } from './caller.js';
import type { Flight, Flights } from '../under-way/flights.js';
import type { LedLoads } from './led-loads.js';
import type { Led, Loaded, Loading, LoadRequest } from './load-request.js';
import type { Clock } from '../ports/clock.js';
import type { LoadNesting } from '../ports/load-nesting.js';
import { within } from '../resilience/within.js';

interface LoadPathParts {
  readonly flights: Flights;
  readonly ledLoads: LedLoads;
  readonly nesting: LoadNesting;
  readonly clock: Clock;
}

/**
 * What somebody else's load has not brought: `again` asks for it anew; `late`, where it took too long, shares a newer load
 * or takes over; `alone` loads it for this call.
 */
type Missed = 'again' | 'late' | 'alone';

type Lead<T> = (led: readonly Led<T>[]) => Promise<Loaded<T>[]>;

/**
 * Finds out who loads: one for all who ask for the same key under the same versions, in this process and, by leases, in
 * all of them. The first caller gets the loader's own result, the others copies. Nobody waits for another's load longer
 * than the policy's hard timeout.
 */
export class LoadPath {
  constructor(private readonly parts: LoadPathParts) {}

  /** Results in the order of `requests`. Rejects with the loader's own error. */
  load<T>(requests: readonly LoadRequest<T>[], loading: Loading<T>): Promise<Loaded<T>[]> {
    return this.join(requests, loading, (led) => this.parts.ledLoads.lead(led, loading));
  }

  /** Waits for the loads that are under way, and lets `lead` do the others. */
  private join<T>(requests: readonly LoadRequest<T>[], loading: Loading<T>, lead: Lead<T>): Promise<Loaded<T>[]> {
    const { nesting } = this.parts;
    const led: Led<T>[] = [];
    const takeOff = requests.map((request): (() => Promise<Loaded<T> | Missed>) => {
      const { flight, isJoined } = this.flightFor(request);
      loading.caller.board(flight);
      if (isJoined) {
        flight.waiterCount++;
        void flight.landing.then(nesting.waitFor(flight));
        return () => this.landingOf<T>(flight, request.policy.hardTimeoutMs, loading.caller);
      }
      const index = led.push({ request, flight }) - 1;
      return async () => (await leading)[index] as Loaded<T>;
    });
    const leading = led.length > 0 ? lead(led) : Promise.resolve([]);
    // Nobody else loads any of them: most loads are so.
    if (led.length === requests.length) return leading;
    return this.landed(takeOff, requests, loading);
  }

  private async landed<T>(
    takeOff: readonly (() => Promise<Loaded<T> | Missed>)[],
    requests: readonly LoadRequest<T>[],
    loading: Loading<T>,
  ): Promise<Loaded<T>[]> {
    const loaded = await Promise.all(takeOff.map((result) => result()));
    const areComplete = loaded.every((result): result is Loaded<T> => typeof result !== 'string');
    return areComplete ? loaded : this.loadMissed(loaded, requests, loading);
  }

  /**
   * Loads in the background, in one call, what is still served and nobody loads already. Resolves when that is done, and
   * rejects with the loader's own error.
   */
  async refresh<T>(requests: readonly LoadRequest<T>[], loading: Loading<T>): Promise<void> {
    const { flights, ledLoads } = this.parts;
    const idle = requests.filter(({ address }) => !flights.has(address.storageKey));
    if (idle.length > 0) await ledLoads.refresh(this.open(idle, loading), loading);
  }

  /** The load to wait for, or a new one. */
  private flightFor<T>(request: LoadRequest<T>): { readonly flight: Flight; readonly isJoined: boolean } {
    const { flights, nesting } = this.parts;
    const { address, seen, skipReason } = request;
    const flight = flights.find(address, request);
    // What is a part of the very load that it would wait for is not stored: that load will be.
    if (flight && nesting.isWithin(flight)) return { flight: flights.openPrivate(address), isJoined: false };
    if (flight && seen !== 'any') return { flight, isJoined: true };
    // What replaces nothing overtakes nothing.
    const isPrivate = seen === 'any' && skipReason !== null;
    return { flight: isPrivate ? flights.openPrivate(address) : flights.open(request), isJoined: false };
  }

  private open<T>(requests: readonly LoadRequest<T>[], { caller }: Loading<T>): Led<T>[] {
    return requests.map((request) => {
      const flight = this.parts.flights.open(request);
      caller.board(flight);
      return { request, flight };
    });
  }

  private async loadMissed<T>(
    loaded: readonly (Loaded<T> | Missed)[],
    requests: readonly LoadRequest<T>[],
    loading: Loading<T>,
  ): Promise<Loaded<T>[]> {
    const missed = (how: Missed): LoadRequest<T>[] => requests.filter((_, index) => loaded[index] === how);
    const takeOver: Lead<T> = (led) => this.parts.ledLoads.takeOver(led, loading);
    const [again, late, alone] = [missed('again'), missed('late'), missed('alone')];
    const [fromAgain, fromLate, fromAlone] = await Promise.all([
      again.length > 0 ? this.load(again, loading) : [],
      late.length > 0 ? this.join(late, loading, takeOver) : [],
      alone.length > 0 ? takeOver(this.open(alone, loading)) : [],
    ]);
    const rest = { again: fromAgain.values(), late: fromLate.values(), alone: fromAlone.values() };
    return loaded.map((result) => (typeof result === 'string' ? (rest[result].next().value as Loaded<T>) : result));
  }

  /** What somebody else's load came to. */
  private async landingOf<T>(flight: Flight, hardTimeoutMs: number, caller: Caller): Promise<Loaded<T> | Missed> {
    const landing = await within(this.parts.clock, hardTimeoutMs, flight.landing, null);
    if (landing === null) {
      caller.alight(flight);
      this.parts.flights.leaveBehind(flight);
      return 'late';
    }
    if (landing.kind === 'abandoned') return 'again';
    if (landing.kind === 'failed') throw landing.error;
    const copied = landing.copy();
    return copied ? { value: copied.value as T, isStorable: landing.isStorable } : 'alone';
  }
}
