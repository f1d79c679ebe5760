import type { EntryAddress, EntryLifetime } from '../entry.js';
import type { EventSink } from '../events.js';
import type { Flight, Flights } from '../under-way/flights.js';
import type { LateGroups, Watch } from './late-groups.js';
import type { Leases } from '../under-way/leases.js';
import type { LoadSignals } from './load-signals.js';
import type { Led, Load, Loaded, LoadRequest } from './load-request.js';
import { lifetimeOf } from './lifetime.js';
import type { Clock } from '../ports/clock.js';
import type { EncodedValue, Snapshot } from '../ports/codec.js';
import type { LoadNesting } from '../ports/load-nesting.js';
import type { FoundEntry } from '../reading/read-result.js';
import type { Refusals } from '../refusals.js';
import { isUsable } from '../versions/stamp.js';
import type { Copied, ValueCodecs } from '../value-codecs.js';
import type { Publication, WritePath } from '../writing/write-path.js';

interface LoadRunsParts {
  readonly flights: Flights;
  readonly leases: Leases;
  readonly lateGroups: LateGroups;
  readonly writePath: WritePath;
  readonly signals: LoadSignals;
  readonly nesting: LoadNesting;
  readonly values: ValueCodecs;
  readonly clock: Clock;
  readonly events: EventSink;
  readonly refusals: Refusals;
  /** Between 0 and 1, for jitter. */
  readonly random: () => number;
}

/** One run of a loader, for all that is led by one call. */
export interface LoadRun<T> {
  readonly led: readonly Led<T>[];
  readonly load: Load<T>;
}

/** A result that may be stored. */
interface Arrival {
  readonly flight: Flight;
  readonly request: LoadRequest<never>;
  readonly encoded: EncodedValue;
  readonly lifetime: EntryLifetime;
  readonly loadMs: number;
}

/** Runs loaders, gives those who wait what they come to, and hands it to the store. */
export class LoadRuns {
  constructor(private readonly parts: LoadRunsParts) {}

  /** Rejects with the loader's own error, after all who wait have it. */
  async run<T>({ led, load }: LoadRun<T>): Promise<Loaded<T>[]> {
    const { clock, nesting, signals, lateGroups } = this.parts;
    const flights = led.map(({ flight }) => flight);
    const requests = led.map(({ request }) => request);
    const startedAt = clock.monotonicNow();
    // Of what a batch took, each of its entries has a share, so that sums over entries are true.
    const shareMs = (): number => (clock.monotonicNow() - startedAt) / led.length;
    const watch = lateGroups.begin();
    try {
      const values = await nesting.run(flights, () =>
        signals.during({ flights, onAbort: () => this.giveUpAll(flights) }, (own) => load(requests, own)),
      );
      const loadMs = shareMs();
      this.report(led, loadMs, true);
      const landed = values.map((value, index) => this.land(led[index] as Led<T>, value, loadMs));
      const arrivals = landed.flatMap(({ arrival }) => arrival ?? []);
      if (arrivals.length > 0) void this.store(arrivals, watch);
      else watch.end();
      return landed;
    } catch (error) {
      watch.end();
      this.report(led, shareMs(), false);
      for (const flight of flights) {
        this.giveUp(flight);
        flight.land({ kind: 'failed', error });
      }
      throw error;
    }
  }

  /** Makes private copies of what was read for several callers. */
  copierOf({ codec }: EntryAddress, { value }: FoundEntry): () => Copied {
    return () => this.parts.values.copy(value, codec);
  }

  private land<T>({ request, flight }: Led<T>, value: T, loadMs: number): Loaded<T> & { arrival: Arrival | null } {
    const { address } = request;
    const { writePath, clock, random } = this.parts;
    const lifetime = lifetimeOf(request.policy, value, random);
    const skipReason = request.skipReason ?? (lifetime.ttlMs > 0 ? null : 'its negativeTtl is 0');
    if (skipReason !== null) this.refuse(address, skipReason);
    if (skipReason === null && flight.isOvertaken) this.overtaken(address);
    const isWanted = skipReason === null && isUsable(flight.fence) && !flight.isOvertaken;
    const isCopyNeeded = isWanted || flight.waiterCount > 0;
    const encoding = isCopyNeeded ? writePath.encode(address, value, skipReason !== null) : null;
    const encoded = encoding?.ok ? encoding.encoded : null;
    const isStorable =
      skipReason === null && (!isWanted || (encoded !== null && this.isAdmitted(request, value, encoded, loadMs)));
    flight.expiresAtMs = clock.monotonicNow() + lifetime.ttlMs;
    const copy = encoded ? writePath.copierOf(address, encoded) : () => (value === undefined ? { value } : null);
    flight.land({ kind: 'loaded', copy, isStorable: isStorable && value !== undefined });
    if (isWanted && isStorable && encoded && flight.token !== null) {
      return {
        value,
        isStorable,
        arrival: { flight, request, encoded, lifetime, loadMs },
      };
    }
    this.giveUp(flight);
    return { value, isStorable, arrival: null };
  }

  /** Nobody is to wait for what was aborted, however long the loader goes on. */
  private giveUpAll(flights: readonly Flight[]): void {
    for (const flight of flights) this.giveUp(flight);
  }

  /** Whoever loads next need not wait for it. */
  private giveUp(flight: Flight): void {
    this.parts.flights.close(flight);
    if (flight.token !== null) this.parts.leases.release([flight.token]);
    flight.token = null;
  }

  /**
   * Hands the results to the store in the same turn, so that they are on their way before anything the caller asks next,
   * but for those whose loader has named groups. Nobody waits for the store to confirm them.
   */
  private async store(arrivals: readonly Arrival[], watch: Watch): Promise<void> {
    const isLate = ({ request }: Arrival): boolean => request.lateGroups.size > 0;
    const storing = [
      this.publish(arrivals.filter((arrival) => !isLate(arrival)).map((arrival) => publicationOf(arrival, {}))),
    ];
    const late = arrivals.filter(isLate);
    if (late.length > 0) {
      const groups = new Set(late.flatMap(({ request }) => [...request.lateGroups]));
      const tokens = await watch.tokensOf([...groups]);
      for (const arrival of late) {
        if (tokens) continue;
        this.refuse(arrival.request.address, 'a group that its loader named may have been invalidated during the load');
        this.giveUp(arrival.flight);
      }
      if (tokens) storing.push(this.publish(late.map((arrival) => publicationOf(arrival, tokens))));
    }
    watch.end();
    await Promise.all(storing);
  }

  private async publish(publications: readonly (Publication & { readonly flight: Flight })[]): Promise<void> {
    if (publications.length === 0) return;
    const { writePath, leases, flights, clock } = this.parts;
    const areStored = await writePath.publish(publications);
    const close = (): void => publications.forEach(({ flight }) => flights.close(flight));
    publications.forEach(({ token }, index) => (areStored[index] ? leases.letGo(token) : leases.release([token])));
    // Whoever read before the store had the result may hold an answer that came in together with its confirmation.
    if (areStored.includes(true)) clock.nextTurn(close);
    else close();
  }

  private isAdmitted<T>({ admit, address }: LoadRequest<T>, value: T, encoded: EncodedValue, ms: number): boolean {
    if (!this.parts.writePath.isKept(address, encoded)) return false;
    if (!admit) return true;
    try {
      if (admit(value, { ms, bytes: encoded.bytes.byteLength })) return true;
      this.refuse(address, 'not admitted by the policy');
    } catch {
      this.refuse(address, 'admit() threw');
    }
    return false;
  }

  private overtaken({ category, key }: EntryAddress): void {
    this.parts.events.emit('overtaken', { category, key });
  }

  private refuse(address: EntryAddress, reason: string): void {
    this.parts.refusals.refuse(address, reason, true);
  }

  private report<T>(led: readonly Led<T>[], ms: number, ok: boolean): void {
    for (const { request } of led) {
      const { category, key } = request.address;
      this.parts.events.emit('load', { category, key, ms, ok });
    }
  }
}

function publicationOf(
  { flight, encoded, lifetime, loadMs }: Arrival,
  lateTokens: Snapshot,
): Publication & { readonly flight: Flight } {
  return {
    flight,
    address: flight.address,
    token: flight.token as string,
    encoded,
    lifetime,
    // What was named before the load was read before it, too.
    snapshot: { ...lateTokens, ...flight.snapshot },
    loadMs,
  };
}
