import type { Backoff } from './backoff.js';
import { Caller, unlessAborted } from './caller.js';
import type { EagerRefresh } from './eager-refresh.js';
import { CacheMissError } from '../errors.js';
import { isTooOld, isWithinGrace, type Lookup, requestsFor } from './lookup.js';
import type { LoadPath } from './load-path.js';
import type { Budget, Load, Loaded } from './load-request.js';
import type { OutcomeLog } from '../outcome-log.js';
import type { Outcome } from '../policy/cache-policy.js';
import type { Clock } from '../ports/clock.js';
import type { ReadPath } from '../reading/read-path.js';
import { seenIn, type FoundEntry, type ReadResult } from '../reading/read-result.js';
import { ageOf, type ReadReport } from '../reading/read-report.js';
import type { ResolvedControl } from '../policy/resolve-control.js';
import { within } from '../resilience/within.js';

interface LoadThroughParts {
  readonly readPath: ReadPath;
  readonly loadPath: LoadPath;
  readonly eagerRefresh: EagerRefresh;
  readonly backoff: Backoff;
  readonly report: ReadReport;
  readonly outcomes: OutcomeLog;
  readonly clock: Clock;
  /** The most that the store may add to one call, in milliseconds. */
  readonly timeoutMs: number;
}

/** One answer on its way to the caller. */
interface Answer<T> {
  readonly value: T;
  readonly outcome: Outcome;
}

/** What is read for a call. */
type Wanted = Pick<Lookup<never>, 'addresses' | 'control'>;

type Loads<T> = { readonly loaded: readonly Loaded<T>[] } | { readonly error: unknown };

/** Read, load what is missing, fall back to what is stale within grace: the way of every load-through call. */
export class LoadThrough {
  constructor(private readonly parts: LoadThroughParts) {}

  /**
   * Results in the order of the addresses. Rejects only with what `load` rejected with, with the reason of the caller's
   * signal, or with `CacheMissError` where the caller wants nothing that is not there.
   */
  run<T>(lookup: Lookup<T>, load: Load<T>): Promise<T[]> {
    const caller = new Caller();
    return unlessAborted(lookup.signal, caller, () => this.answer(lookup, load, caller));
  }

  /** What memory answers at once; `null`: it does not. */
  fromMemory<T>(lookup: Lookup<T>, load: Load<T>): { readonly value: T } | null {
    const [address] = lookup.addresses;
    const { readPath, report, clock, eagerRefresh } = this.parts;
    if (!address || lookup.addresses.length > 1 || lookup.control.refresh || lookup.signal?.aborted) return null;
    const startedAt = clock.monotonicNow();
    const hit = readPath.fromMemory(address);
    if (!hit || isTooOld(hit, lookup.control, clock)) return null;
    report.read(address, hit, clock.monotonicNow() - startedAt);
    eagerRefresh.consider(lookup, [hit], load);
    return { value: this.give(this.answerFrom<T>(hit, 'hit')) };
  }

  /** What is fresh, in the order of the addresses; `undefined` where nothing is. Loads nothing. */
  get<T>(wanted: Wanted): Promise<(T | undefined)[]> {
    return this.find(wanted, (results) =>
      results.map((result) => (isHit(result) ? this.give(this.answerFrom<T>(result, 'hit')) : undefined)),
    );
  }

  /** What all hits take, this takes in one promise. */
  private answer<T>(lookup: Lookup<T>, load: Load<T>, caller: Caller): Promise<T[]> {
    return this.find(lookup, (results, startedAt) => {
      if (!results.every(isHit)) return this.answerWithLoads(lookup, results, load, { caller, startedAt });
      this.parts.eagerRefresh.consider(lookup, results, load);
      return results.map((result) => this.give(this.answerFrom<T>(result, 'hit')));
    });
  }

  private async answerWithLoads<T>(
    lookup: Lookup<T>,
    results: readonly ReadResult[],
    load: Load<T>,
    { caller, startedAt }: { readonly caller: Caller; readonly startedAt: number },
  ): Promise<T[]> {
    const { clock, timeoutMs, eagerRefresh } = this.parts;
    if (lookup.control.onlyIfCached) throw new CacheMissError();
    const missing = results.filter(({ status }) => status !== 'hit');
    const budget = { leftMs: timeoutMs - storeMsOf(missing, clock.monotonicNow() - startedAt) };
    const loaded = await this.loadOrFallBack(lookup, missing, load, { caller, budget });
    eagerRefresh.consider(lookup, results.filter(isHit), load);
    const rest = loaded.values();
    return results.map((result) =>
      this.give(isHit(result) ? this.answerFrom<T>(result, 'hit') : (rest.next().value as Answer<T>)),
    );
  }

  /** Reads, and hands `then` what was found since `startedAt`, judged by what the caller wants, and reported. */
  private find<R>(
    { addresses, control }: Wanted,
    then: (results: readonly ReadResult[], startedAt: number) => R | Promise<R>,
  ): Promise<R> {
    const { readPath, clock } = this.parts;
    const startedAt = clock.monotonicNow();
    // What a load needs besides, only the store knows.
    const reading = control.refresh
      ? readPath.readStore(addresses)
      : readPath.read(addresses, (found) => !isTooOld(found, control, clock));
    return reading.then((read) => then(this.judge(read, control, startedAt), startedAt));
  }

  /** There may be less of use than was found. */
  private judge(read: readonly ReadResult[], control: ResolvedControl, startedAt: number): readonly ReadResult[] {
    const { report, clock } = this.parts;
    const ms = (clock.monotonicNow() - startedAt) / read.length;
    const wantsAll = !control.refresh && control.maxAgeMs === null;
    const results = wantsAll ? read : read.map((result) => this.judgeOne(result, control));
    for (const result of results) report.read(result.address, result, ms);
    return results;
  }

  private judgeOne(result: ReadResult, control: ResolvedControl): ReadResult {
    if (result.status === 'miss') return result;
    if (control.refresh) return missed(result, 'refresh');
    return isHit(result) && isTooOld(result, control, this.parts.clock) ? missed(result, 'too-old') : result;
  }

  private async loadOrFallBack<T>(
    lookup: Lookup<T>,
    missing: readonly ReadResult[],
    load: Load<T>,
    { caller, budget }: { readonly caller: Caller; readonly budget: Budget },
  ): Promise<Answer<T>[]> {
    const { loadPath, backoff, clock } = this.parts;
    if (
      missing.every((result) => isWithinGrace(result, lookup, clock) && backoff.isActive(result.address.storageKey))
    ) {
      return missing.map((result) => this.staleAnswer<T>(result as FoundEntry));
    }
    const loading = loadPath.load(requestsFor(lookup, missing, clock), { load, caller, budget });
    if (!missing.every((result) => isWithinGrace(result, lookup, clock))) {
      const loaded = await loading;
      this.remember(missing, 'succeeded');
      return loaded.map((each, index) => loadedAnswer(each, missing[index]));
    }
    return this.orStale(lookup, missing as readonly FoundEntry[], loading, budget);
  }

  /** What is loaded, or what is stale where that fails or takes long. */
  private async orStale<T>(
    lookup: Lookup<T>,
    missing: readonly FoundEntry[],
    loading: Promise<Loaded<T>[]>,
    budget: Budget,
  ): Promise<Answer<T>[]> {
    const { softTimeoutMs } = lookup.policy;
    const loads = loading.then(
      (loaded): Loads<T> => ({ loaded }),
      (error: unknown): Loads<T> => ({ error }),
    );
    void loads.then((ended) => {
      if (!('error' in ended)) this.remember(missing, 'succeeded');
      // What everybody has left was not the loader's failure.
      else if (!lookup.signal?.aborted) this.remember(missing, 'failed');
    });
    const inTime = softTimeoutMs === null ? await loads : await within(this.parts.clock, softTimeoutMs, loads, null);
    if (inTime && 'loaded' in inTime) return inTime.loaded.map((each, index) => loadedAnswer(each, missing[index]));
    const stale = await this.findStale(missing, lookup, budget);
    if (stale) return stale.map((result) => this.staleAnswer<T>(result));
    const ended = inTime ?? (await loads);
    if ('error' in ended) throw ended.error;
    return ended.loaded.map((each, index) => loadedAnswer(each, missing[index]));
  }

  private remember(missing: readonly ReadResult[], how: 'succeeded' | 'failed'): void {
    for (const { address } of missing) this.parts.backoff[how](address.storageKey);
  }

  /** All of them within grace, as they are now: they may have been invalidated during the load. Else `null`. */
  private async findStale(
    missing: readonly ReadResult[],
    lookup: Lookup<never>,
    { leftMs }: Budget,
  ): Promise<FoundEntry[] | null> {
    const { clock, readPath } = this.parts;
    const addresses = missing.map(({ address }) => address);
    const results = await within(clock, leftMs, readPath.readStore(addresses), []);
    const isUsable = results.length > 0 && results.every((result) => isWithinGrace(result, lookup, clock));
    return isUsable ? (results as FoundEntry[]) : null;
  }

  private staleAnswer<T>(result: FoundEntry): Answer<T> {
    if (result.status === 'stale') this.parts.report.stale(result.address, result);
    return this.answerFrom(result, result.status);
  }

  private answerFrom<T>(result: FoundEntry, status: 'hit' | 'stale'): Answer<T> {
    const { value, tier, address } = result;
    return { value: value as T, outcome: { status, tier, ageMs: ageOf(result), key: address.key } };
  }

  private give<T>({ value, outcome }: Answer<T>): T {
    this.parts.outcomes.record(value, outcome);
    return value;
  }
}

const isHit = <R extends ReadResult>(result: R): result is R & FoundEntry & { readonly status: 'hit' } =>
  result.status === 'hit';

function missed(found: FoundEntry, reason: 'refresh' | 'too-old'): ReadResult {
  const { address, fence, lease, askedAtMs } = found;
  return { status: 'miss', address, reason, fence, lease, askedAtMs, storeMs: Infinity, seen: seenIn(found) };
}

/**
 * How long the store has kept a caller waiting who has waited for `waitedMs`. What this process did meanwhile with the answers
 * of other callers is no fault of the store: otherwise, of many who miss at once none would have time left to lease its key,
 * and nothing would ever be stored.
 */
function storeMsOf(missing: readonly ReadResult[], waitedMs: number): number {
  let storeMs = 0;
  for (const result of missing) storeMs = Math.max(storeMs, result.status === 'miss' ? result.storeMs : waitedMs);
  return Math.min(storeMs, waitedMs);
}

function loadedAnswer<T>({ value, isStorable }: Loaded<T>, missing: ReadResult | undefined): Answer<T> {
  const key = missing?.address.key ?? null;
  return { value, outcome: { status: isStorable ? 'miss' : 'refused', tier: null, ageMs: 0, key } };
}
