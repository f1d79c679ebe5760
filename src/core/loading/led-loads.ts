import type { Flight, Flights } from '../under-way/flights.js';
import type { Leases } from '../under-way/leases.js';
import type { Led, Loaded, Loading } from './load-request.js';
import type { LoadRuns } from './load-runs.js';
import type { OtherLoads } from './other-loads.js';
import type { Clock } from '../ports/clock.js';
import type { Departure, Preparation, Role } from './preparation.js';

interface LedLoadsParts {
  readonly flights: Flights;
  readonly leases: Leases;
  readonly preparation: Preparation;
  readonly otherLoads: OtherLoads;
  readonly runs: LoadRuns;
  readonly clock: Clock;
}

/** Loads that one call of this process answers for, which may be done by other processes. */
export class LedLoads {
  constructor(private readonly parts: LedLoadsParts) {}

  /** Loads what is this process's to load, waits for the rest, and loads what that does not bring. */
  async lead<T>(led: readonly Led<T>[], loading: Loading<T>): Promise<Loaded<T>[]> {
    const roles = await this.prepare(led, loading);
    const own = led.filter((_, index) => roles[index] === 'lead');
    const others = led.filter((_, index) => roles[index] === 'follow');
    if (others.length === 0) return this.run(own, loading);
    const following = others.map((each) => this.follow(each));
    const loaded = new Map<Led<T>, Loaded<T>>();
    const keep = (some: readonly Led<T>[], results: readonly Loaded<T>[]): void =>
      some.forEach((each, index) => loaded.set(each, results[index] as Loaded<T>));
    try {
      if (own.length > 0) keep(own, await this.run(own, loading));
      const followed = await Promise.all(following);
      others.forEach((each, index) => followed[index] && loaded.set(each, followed[index]));
      const left = others.filter((each) => !loaded.has(each));
      if (left.length > 0) keep(left, await this.run(left, loading));
    } catch (error) {
      // Whoever has joined them has asked for something else than what has failed.
      for (const { flight } of others) loading.caller.alight(flight);
      void Promise.all(following).then(() => this.abandon(others));
      throw error;
    }
    return led.map((each) => loaded.get(each) as Loaded<T>);
  }

  /** Loads them, whoever else does. */
  async takeOver<T>(led: readonly Led<T>[], loading: Loading<T>): Promise<Loaded<T>[]> {
    await this.prepare(led, loading, 'any');
    return this.run(led, loading);
  }

  /** Loads those that can be stored and that nobody else loads. */
  async refresh<T>(led: readonly Led<T>[], loading: Loading<T>): Promise<void> {
    const roles = await this.prepare(led, loading);
    const isOwn = ({ flight }: Led<T>, index: number): boolean => roles[index] === 'lead' && flight.token !== null;
    const own = led.filter(isOwn);
    this.abandon(led.filter((each) => !own.includes(each)));
    if (own.length > 0) await this.run(own, loading);
  }

  private prepare<T>(
    led: readonly Led<T>[],
    { budget }: Loading<T>,
    seen?: 'any',
  ): readonly Role[] | Promise<readonly Role[]> {
    const { clock, preparation } = this.parts;
    const startedAt = clock.monotonicNow();
    const departures = led.map(({ request, flight }): Departure => {
      return { flight, seen: seen ?? request.seen, lease: request.lease, isWanted: request.skipReason === null };
    });
    const preparing = preparation.prepare(departures, budget.leftMs);
    if (!(preparing instanceof Promise)) return preparing;
    return preparing.then((roles) => {
      budget.leftMs -= clock.monotonicNow() - startedAt;
      return roles;
    });
  }

  private run<T>(led: readonly Led<T>[], { load }: Loading<T>): Promise<Loaded<T>[]> {
    if (led.some(({ flight }) => flight.interest > 0)) return this.parts.runs.run({ led, load });
    this.abandon(led);
    return Promise.reject(new Error('everybody who wanted it has left'));
  }

  private async follow<T>({ request, flight }: Led<T>): Promise<Loaded<T> | null> {
    const { otherLoads, runs, flights } = this.parts;
    const found = await otherLoads.follow(flight, request, request.policy.hardTimeoutMs);
    if (!found) return null;
    const copy = runs.copierOf(request.address, found);
    const own = copy();
    if (!own) return null;
    flights.close(flight);
    flight.land({ kind: 'loaded', copy, isStorable: true });
    return { value: own.value as T, isStorable: true };
  }

  private abandon(led: readonly { readonly flight: Flight }[]): void {
    for (const { flight } of led) {
      if (flight.token !== null) this.parts.leases.release([flight.token]);
      this.parts.flights.close(flight);
      flight.land({ kind: 'abandoned' });
    }
  }
}
