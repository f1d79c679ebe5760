import type { EntryAddress, EntryLifetime } from './entry.js';
import type { EventSink } from './events.js';
import type { Flight, Flights, Landing } from './flights.js';
import type { CachePolicy } from './policy/cache-policy.js';
import type { Clock } from './ports/clock.js';
import type { EncodedValue } from './ports/codec.js';
import type { LoadNesting } from './ports/load-nesting.js';
import { within } from './resilience/within.js';
import type { Fence } from './stamp.js';
import type { VersionTokens } from './version-tokens.js';
import type { EntryWrite, WritePath } from './write-path.js';

interface LoadPathParts {
  readonly flights: Flights;
  readonly tokens: VersionTokens;
  readonly writePath: WritePath;
  readonly nesting: LoadNesting;
  readonly clock: Clock;
  readonly events: EventSink;
}

/** A load to be done for one address. The loader may change `lifetime` and `skipReason` for its own result. */
export interface LoadRequest<T> {
  readonly address: EntryAddress;
  /** Versions seen when the entry was found missing; `null`: not known, so the result is not stored. */
  readonly fence: Fence | null;
  readonly admit: CachePolicy<T>['admit'];
  lifetime: EntryLifetime;
  skipReason: string | null;
}

/** `isStorable: false`: the value was passed through and will not be served again. */
export interface Loaded<T> {
  readonly value: T;
  readonly isStorable: boolean;
}

/** How long the store may still keep a caller waiting, in milliseconds. */
interface Budget {
  leftMs: number;
}

/** Answers the requests in their order, exactly one result each. */
export type Load<T> = (requests: readonly LoadRequest<T>[]) => Promise<readonly T[]>;

interface Led<T> {
  readonly request: LoadRequest<T>;
  readonly flight: Flight;
}

/**
 * Runs loaders: once for all who ask for the same key under the same versions, and stores what they return under the
 * versions that were current before they began. The first caller gets the loader's own result, the others copies.
 */
export class LoadPath {
  constructor(private readonly parts: LoadPathParts) {}

  /**
   * Results in the order of `requests`. Rejects with the loader's own error. `budgetMs`: how long the store may
   * still keep the caller waiting.
   */
  async load<T>(requests: readonly LoadRequest<T>[], load: Load<T>, budgetMs: number): Promise<Loaded<T>[]> {
    const { flights, nesting } = this.parts;
    const budget: Budget = { leftMs: budgetMs };
    const led: Led<T>[] = [];
    const takeOff = requests.map((request): (() => Promise<Loaded<T> | null>) => {
      const joined = flights.join(request.address, request.fence);
      if (joined && !nesting.isWithin(joined)) {
        void joined.landing.then(nesting.waitFor(joined));
        return () => this.landingOf<T>(joined);
      }
      const flight = joined ? flights.openWithin(joined) : flights.open(request.address, request.fence);
      const index = led.push({ request, flight }) - 1;
      return async () => (await leading)[index] as Loaded<T>;
    });
    const leading = led.length > 0 ? this.lead(led, load, budget) : Promise.resolve([]);
    const loaded = await Promise.all(takeOff.map((result) => result()));
    return this.loadRest(loaded, requests, load, budget);
  }

  /** Loads anew, in one call, what somebody else's load came to and cannot be copied. */
  private async loadRest<T>(
    loaded: readonly (Loaded<T> | null)[],
    requests: readonly LoadRequest<T>[],
    load: Load<T>,
    budget: Budget,
  ): Promise<Loaded<T>[]> {
    const rest = requests.filter((_, index) => loaded[index] === null);
    const { flights } = this.parts;
    const led = rest.map((request) => ({ request, flight: flights.open(request.address, request.fence) }));
    const own = rest.length > 0 ? (await this.lead(led, load, budget)).values() : [].values();
    return loaded.map((result) => result ?? (own.next().value as Loaded<T>));
  }

  private async lead<T>(led: readonly Led<T>[], load: Load<T>, budget: Budget): Promise<Loaded<T>[]> {
    const flights = led.map(({ flight }) => flight);
    const stamping = this.parts.tokens.complete(flights.map(({ stamp }) => stamp));
    const startedAt = this.parts.clock.monotonicNow();
    // Of what a batch took, each of its entries has a share, so that sums over entries are true.
    const shareMs = (): number => (this.parts.clock.monotonicNow() - startedAt) / led.length;
    const requests = led.map(({ request }) => request);
    try {
      const values = await this.parts.nesting.run(flights, () => load(requests));
      const loadMs = shareMs();
      this.report(led, loadMs, true);
      const loaded = values.map((value, index) => this.land(led[index] as Led<T>, value, loadMs));
      const writes = loaded.flatMap(({ write }) => (write ? [write] : []));
      await this.storeWhenStamped(writes, stamping, budget);
      return loaded;
    } catch (error) {
      this.report(led, shareMs(), false);
      for (const flight of flights) this.close(flight, { ok: false, error });
      throw error;
    }
  }

  /**
   * Hands the writes to the store before the caller goes on, so that they are on their way before anything it asks next;
   * nobody waits for the store to confirm them.
   */
  private async storeWhenStamped(
    writes: readonly PendingWrite[],
    stamping: Promise<void> | null,
    budget: Budget,
  ): Promise<void> {
    if (!stamping || writes.length === 0) return void this.store(writes);
    const stamped = stamping.then(() => void this.store(writes));
    const startedAt = this.parts.clock.monotonicNow();
    await within(this.parts.clock, budget.leftMs, stamped, undefined);
    budget.leftMs -= this.parts.clock.monotonicNow() - startedAt;
  }

  private land<T>({ request, flight }: Led<T>, value: T, loadMs: number): Loaded<T> & { write: PendingWrite | null } {
    const { address, lifetime, skipReason } = request;
    if (skipReason !== null) this.refuse(address, skipReason);
    const isWanted = skipReason === null && flight.stamp.isUsable && !flight.write.isOvertaken;
    const isCopyNeeded = isWanted || flight.waiterCount > 0;
    const encoding = isCopyNeeded ? this.parts.writePath.encode(address, value, skipReason !== null) : null;
    const encoded = encoding?.ok ? encoding.encoded : null;
    const isStorable =
      skipReason === null && (!isWanted || (encoded !== null && this.isAdmitted(request, value, encoded, loadMs)));
    const isWritten = isWanted && isStorable && encoded !== null;
    flight.expiresAtMs = this.parts.clock.monotonicNow() + lifetime.ttlMs;
    flight.land({ ok: true, value, encoded, isStorable });
    if (!isWritten) this.parts.flights.close(flight);
    return { value, isStorable, write: isWritten ? { flight, lifetime, encoded, loadMs } : null };
  }

  private close(flight: Flight, landing: Landing): void {
    this.parts.flights.close(flight);
    flight.land(landing);
  }

  private async store(pending: readonly PendingWrite[]): Promise<void> {
    const writes = pending.flatMap(({ flight, ...write }): EntryWrite[] => {
      const { snapshot } = flight.stamp;
      return snapshot ? [{ ...write, underWay: flight.write, snapshot }] : [];
    });
    const close = (): void => pending.forEach(({ flight }) => this.parts.flights.close(flight));
    // Whoever read before the store had the result may hold an answer that came in together with its confirmation.
    if (await this.parts.writePath.store(writes)) this.parts.clock.nextTurn(close);
    else close();
  }

  /** What somebody else's load came to. `null`: it cannot be copied, so it is nobody else's. */
  private async landingOf<T>(flight: Flight): Promise<Loaded<T> | null> {
    const landing = await flight.landing;
    if (!landing.ok) throw landing.error;
    const { value, encoded, isStorable } = landing;
    if (encoded) return { value: this.parts.writePath.copyOf(encoded) as T, isStorable };
    return value === undefined ? { value: undefined as T, isStorable: false } : null;
  }

  private isAdmitted<T>({ admit, address }: LoadRequest<T>, value: T, encoded: EncodedValue, ms: number): boolean {
    if (!admit) return true;
    try {
      if (admit(value, { ms, bytes: encoded.bytes.byteLength })) return true;
      this.refuse(address, 'not admitted by the policy');
    } catch {
      this.refuse(address, 'admit() threw');
    }
    return false;
  }

  private refuse(address: EntryAddress, reason: string): void {
    this.parts.events.emit('refused', { category: address.category, reason, isIntended: true });
  }

  private report<T>(led: readonly Led<T>[], ms: number, ok: boolean): void {
    for (const { request } of led) {
      const { category, key } = request.address;
      this.parts.events.emit('load', { category, key, ms, ok });
    }
  }
}

type PendingWrite = Omit<EntryWrite, 'snapshot' | 'underWay'> & { readonly flight: Flight };
