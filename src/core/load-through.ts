import type { EntryAddress, EntryLifetime } from './entry.js';
import type { EventSink } from './events.js';
import type { Load, LoadPath, LoadRequest } from './load-path.js';
import type { OutcomeLog } from './outcome-log.js';
import type { CachePolicy, Outcome } from './policy/cache-policy.js';
import type { Clock } from './ports/clock.js';
import { tierOf, type Store } from './ports/store.js';
import type { ReadPath, ReadResult } from './read-path.js';
import { within } from './resilience/within.js';

interface LoadThroughParts {
  readonly readPath: ReadPath;
  readonly loadPath: LoadPath;
  readonly outcomes: OutcomeLog;
  readonly clock: Clock;
  readonly events: EventSink;
  readonly store: Pick<Store, 'mode'>;
  /** The most that the store may add to one call, in milliseconds. */
  readonly timeoutMs: number;
}

/** What is asked for in one call: different addresses, one policy. */
export interface Lookup<T> {
  readonly addresses: readonly EntryAddress[];
  readonly lifetime: EntryLifetime;
  readonly admit: CachePolicy<T>['admit'];
}

/** One answer on its way to the caller. */
interface Answer<T> {
  readonly value: T;
  readonly outcome: Outcome;
}

type Found = ReadResult & { readonly address: EntryAddress };
type Usable = Exclude<Found, { status: 'miss' }>;

/** Read, load what is missing, fall back to what is stale within grace: the way of every load-through call. */
export class LoadThrough {
  constructor(private readonly parts: LoadThroughParts) {}

  /** Results in the order of the addresses. Rejects only with what `load` rejected with. */
  async run<T>(lookup: Lookup<T>, load: Load<T>): Promise<T[]> {
    const startedAt = this.parts.clock.monotonicNow();
    const found = await this.find(lookup.addresses);
    const budgetMs = this.parts.timeoutMs - (this.parts.clock.monotonicNow() - startedAt);
    const missing = found.filter((result) => result.status !== 'hit');
    const loaded = missing.length > 0 ? await this.loadOrFallBack(lookup, missing, load, budgetMs) : [];
    const rest = loaded.values();
    return found.map((result) => {
      return this.give(result.status === 'hit' ? this.answerFrom<T>(result, 'hit') : (rest.next().value as Answer<T>));
    });
  }

  /** What is fresh, in the order of the addresses; `undefined` where nothing is. Loads nothing. */
  async get<T>(addresses: readonly EntryAddress[]): Promise<(T | undefined)[]> {
    const found = await this.find(addresses);
    return found.map((result) => (result.status === 'hit' ? this.give(this.answerFrom<T>(result, 'hit')) : undefined));
  }

  /** Reads and reports. */
  private async find(addresses: readonly EntryAddress[]): Promise<Found[]> {
    const startedAt = this.parts.clock.monotonicNow();
    const results = await this.parts.readPath.read(addresses);
    const ms = (this.parts.clock.monotonicNow() - startedAt) / addresses.length;
    return results.map((result, index) => {
      const address = addresses[index] as EntryAddress;
      this.report(address, result, ms);
      return { ...result, address };
    });
  }

  private give<T>({ value, outcome }: Answer<T>): T {
    this.parts.outcomes.record(value, outcome);
    return value;
  }

  private report({ category, key }: EntryAddress, result: ReadResult, ms: number): void {
    const { events } = this.parts;
    if (result.status === 'miss') events.emit('miss', { category, key, ms, reason: result.reason });
    else if (result.status === 'stale') events.emit('miss', { category, key, ms, reason: 'expired' });
    else {
      const { loadMs, expiresAtMs } = result.envelope;
      const ttlLeftMs = Math.max(0, expiresAtMs - this.parts.clock.now());
      events.emit('hit', {
        category,
        key,
        ms,
        ageMs: this.ageOf(result),
        ttlLeftMs,
        savedMs: Math.max(0, loadMs - ms),
      });
    }
  }

  private async loadOrFallBack<T>(
    { lifetime, admit }: Lookup<T>,
    missing: readonly Found[],
    load: Load<T>,
    budgetMs: number,
  ): Promise<Answer<T>[]> {
    const requests = missing.map(({ address, fence }): LoadRequest<T> => {
      return { address, fence, admit, lifetime, skipReason: null };
    });
    try {
      const loaded = await this.parts.loadPath.load(requests, load, budgetMs);
      return loaded.map(({ value, isStorable }, index) => {
        const key = missing[index]?.address.key ?? null;
        return { value, outcome: { status: isStorable ? 'miss' : 'refused', tier: null, ageMs: 0, key } };
      });
    } catch (error) {
      const stale = await this.findStale(missing, lifetime.graceMs, budgetMs);
      if (!stale) throw error;
      return stale.map((result) => this.staleAnswer<T>(result));
    }
  }

  /** All of them within grace, as they are now: they may have been invalidated during the load. Else `null`. */
  private async findStale(missing: readonly Found[], graceMs: number, budgetMs: number): Promise<Usable[] | null> {
    const nowMs = this.parts.clock.now();
    const isWithinGrace = (result: ReadResult): boolean =>
      result.status !== 'miss' && nowMs < result.envelope.expiresAtMs + graceMs;
    if (!missing.every(isWithinGrace)) return null;
    const addresses = missing.map(({ address }) => address);
    const results = await within(this.parts.clock, budgetMs, this.parts.readPath.read(addresses), []);
    const found = results.map((result, index) => ({ ...result, address: addresses[index] as EntryAddress }));
    return found.length > 0 && found.every(isWithinGrace) ? (found as Usable[]) : null;
  }

  private staleAnswer<T>(result: Usable): Answer<T> {
    const { category, key } = result.address;
    if (result.status === 'stale') this.parts.events.emit('stale', { category, key, ageMs: this.ageOf(result) });
    return this.answerFrom(result, result.status);
  }

  private answerFrom<T>(result: Usable, status: 'hit' | 'stale'): Answer<T> {
    const outcome = { status, tier: tierOf(this.parts.store), ageMs: this.ageOf(result), key: result.address.key };
    return { value: result.value as T, outcome };
  }

  private ageOf({ envelope }: Exclude<ReadResult, { status: 'miss' }>): number {
    return Math.max(0, this.parts.clock.now() - envelope.storedAtMs);
  }
}
