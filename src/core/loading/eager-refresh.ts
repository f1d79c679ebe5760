import type { Backoff } from './backoff.js';
import { Caller } from './caller.js';
import { isRefreshDue } from './lifetime.js';
import type { LoadPath } from './load-path.js';
import type { Load } from './load-request.js';
import { type Lookup, requestsFor } from './lookup.js';
import type { Clock } from '../ports/clock.js';
import type { ReadPath } from '../reading/read-path.js';
import { isOfSame, type FoundEntry } from '../reading/read-result.js';

interface EagerRefreshParts {
  readonly readPath: ReadPath;
  readonly loadPath: LoadPath;
  readonly backoff: Backoff;
  readonly clock: Clock;
  /** Between 0 and 1. */
  readonly random: () => number;
  /** The most that the store may take for what comes before the load, in milliseconds. */
  readonly timeoutMs: number;
}

/** Loads entries anew in the background before they expire, so that nobody waits for it. */
export class EagerRefresh {
  private readonly refreshing = new Set<string>();

  constructor(private readonly parts: EagerRefreshParts) {}

  /** Starts one load for those that are served and due. Nobody hears of a failure but by its events. */
  consider<T>(lookup: Lookup<T>, hits: readonly FoundEntry[], load: Load<T>): void {
    const { policy, control } = lookup;
    if (policy.eagerRefreshRatio === null && policy.earlyExpiryBeta === null) return;
    if (control.noStore || control.onlyIfCached) return;
    const due = hits.filter((hit) => this.isDue(lookup, hit));
    if (due.length === 0) return;
    const { backoff } = this.parts;
    const keys = due.map(({ address }) => address.storageKey);
    for (const key of keys) this.refreshing.add(key);
    void this.refresh(lookup, due, load)
      .then(
        () => keys.forEach((key) => backoff.succeeded(key)),
        () => keys.forEach((key) => backoff.failed(key)),
      )
      .finally(() => keys.forEach((key) => this.refreshing.delete(key)));
  }

  private isDue<T>({ policy }: Lookup<T>, { address: { storageKey }, facts }: FoundEntry): boolean {
    const { clock, random, backoff } = this.parts;
    if (this.refreshing.has(storageKey) || backoff.isActive(storageKey)) return false;
    return isRefreshDue(policy, facts, clock.now(), random);
  }

  private async refresh<T>(lookup: Lookup<T>, due: readonly FoundEntry[], load: Load<T>): Promise<void> {
    const { readPath, loadPath, timeoutMs, clock } = this.parts;
    const current = await readPath.readStore(due.map(({ address }) => address));
    // The others were loaded, changed or lost since.
    const unchanged = due.flatMap((found, index) => {
      const now = current[index];
      return now?.status === 'hit' && isOfSame(now, found) ? [now] : [];
    });
    const requests = requestsFor(lookup, unchanged, clock);
    await loadPath.refresh(requests, { load, caller: new Caller(), budget: { leftMs: timeoutMs } });
  }
}
