import type { EntryAddress, EntryLifetime } from './entry.js';
import type { EventSink } from './events.js';
import type { Flight, Flights, Landing } from './flights.js';
import type { CachePolicy } from './policy/cache-policy.js';
import type { Clock } from './ports/clock.js';
import type { EncodedValue } from './ports/codec.js';
import type { Fence } from './read-path.js';
import { within } from './resilience/within.js';
import type { VersionTokens } from './version-tokens.js';
import type { EntryWrite, WritePath } from './write-path.js';

interface LoadPathParts {
  readonly flights: Flights;
  readonly tokens: VersionTokens;
  readonly writePath: WritePath;
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
    const led: Led<T>[] = [];
    const takeOff = requests.map((request) => {
      const joined = this.parts.flights.join(request.address, request.fence);
      if (joined) return () => this.landingOf(joined, request, load, budgetMs);
      const index = led.push({ request, flight: this.parts.flights.open(request.address, request.fence) }) - 1;
      return async () => (await leading)[index] as Loaded<T>;
    });
    const leading = led.length > 0 ? this.lead(led, load, budgetMs) : Promise.resolve([]);
    return Promise.all(takeOff.map((result) => result()));
  }

  private async lead<T>(led: readonly Led<T>[], load: Load<T>, budgetMs: number): Promise<Loaded<T>[]> {
    const stamping = this.stamp(led);
    const startedAt = this.parts.clock.monotonicNow();
    // Of what a batch took, each of its entries has a share, so that sums over entries are true.
    const shareMs = (): number => (this.parts.clock.monotonicNow() - startedAt) / led.length;
    const requests = led.map(({ request }) => request);
    try {
      const values = await load(requests);
      const loadMs = shareMs();
      this.report(led, loadMs, true);
      const loaded = values.map((value, index) => this.land(led[index] as Led<T>, value, loadMs));
      const writes = loaded.flatMap(({ write }) => (write ? [write] : []));
      await this.storeWhenStamped(writes, stamping, budgetMs);
      return loaded;
    } catch (error) {
      this.report(led, shareMs(), false);
      for (const { flight } of led) this.close(flight, { ok: false, error });
      throw error;
    }
  }

  /** Creates the versions that were missing, while the loader runs; `null` where none was. */
  private stamp<T>(led: readonly Led<T>[]): Promise<void> | null {
    const missing = [...new Set(led.flatMap(({ flight }) => flight.unversionedGroups))];
    if (missing.length === 0) return null;
    return this.parts.tokens.create(missing).then((created) => {
      if (created) for (const { flight } of led) flight.stamp(created);
    });
  }

  /**
   * Hands the writes to the store before the caller goes on, so that they are on their way before anything it asks next;
   * nobody waits for the store to confirm them.
   */
  private async storeWhenStamped(
    writes: readonly PendingWrite[],
    stamping: Promise<void> | null,
    budgetMs: number,
  ): Promise<void> {
    if (!stamping) return this.store(writes);
    const stamped = stamping.then(() => this.store(writes));
    await within(this.parts.clock, budgetMs, stamped, undefined);
  }

  private land<T>({ request, flight }: Led<T>, value: T, loadMs: number): Loaded<T> & { write: PendingWrite | null } {
    const { address, lifetime, skipReason } = request;
    if (skipReason !== null) this.refuse(address, skipReason);
    const isWanted = skipReason === null && request.fence !== null && !flight.isOvertaken;
    const isCopyNeeded = isWanted || flight.waiterCount > 0;
    const encoding = isCopyNeeded ? this.parts.writePath.encode(address, value, skipReason !== null) : null;
    const encoded = encoding?.ok ? encoding.encoded : null;
    const isStorable =
      skipReason === null && (!isWanted || (encoded !== null && this.isAdmitted(request, value, encoded, loadMs)));
    this.close(flight, { ok: true, value, encoded, isStorable });
    const isWritten = isWanted && isStorable && encoded !== null;
    return { value, isStorable, write: isWritten ? { flight, address, lifetime, encoded, loadMs } : null };
  }

  private close(flight: Flight, landing: Landing): void {
    this.parts.flights.close(flight);
    flight.land(landing);
  }

  private store(pending: readonly PendingWrite[]): void {
    const writes = pending.flatMap(({ flight, ...write }): EntryWrite[] => {
      const { snapshot, isOvertaken } = flight;
      return snapshot && !isOvertaken ? [{ ...write, snapshot }] : [];
    });
    if (writes.length > 0) void this.parts.writePath.store(writes);
  }

  /** What somebody else's load came to. A result that cannot be copied is nobody else's: then it is loaded again. */
  private async landingOf<T>(
    flight: Flight,
    request: LoadRequest<T>,
    load: Load<T>,
    budgetMs: number,
  ): Promise<Loaded<T>> {
    const landing = await flight.landing;
    if (!landing.ok) throw landing.error;
    const { value, encoded, isStorable } = landing;
    if (encoded) return { value: this.parts.writePath.copyOf(encoded) as T, isStorable };
    if (value === undefined) return { value: undefined as T, isStorable: false };
    const flown: Led<T> = { request, flight: this.parts.flights.open(request.address, request.fence) };
    const [loaded] = await this.lead([flown], load, budgetMs);
    return loaded as Loaded<T>;
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

type PendingWrite = Omit<EntryWrite, 'snapshot'> & { readonly flight: Flight };
