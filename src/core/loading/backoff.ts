import type { Clock } from '../ports/clock.js';

const FIRST_MS = 1_000;
const MAX_MS = 30_000;
/** Keys that are remembered; past it, all are forgotten, which costs a load each. */
const MAX_KEYS = 10_000;

interface Failures {
  readonly pauseMs: number;
  readonly untilMs: number;
}

/** Keys whose last load has failed while something stale could be served: they are not loaded again for a while. */
export class Backoff {
  private readonly failures = new Map<string, Failures>();

  constructor(private readonly clock: Clock) {}

  isActive(storageKey: string): boolean {
    const failures = this.failures.size > 0 ? this.failures.get(storageKey) : undefined;
    return failures !== undefined && this.clock.monotonicNow() < failures.untilMs;
  }

  /** From a second on, twice as long with every failure in a row, half a minute at most. */
  failed(storageKey: string): void {
    // One load fails all who wait for it.
    if (this.isActive(storageKey)) return;
    const before = this.failures.get(storageKey);
    const pauseMs = before ? Math.min(before.pauseMs * 2, MAX_MS) : FIRST_MS;
    if (!before && this.failures.size >= MAX_KEYS) this.failures.clear();
    this.failures.set(storageKey, { pauseMs, untilMs: this.clock.monotonicNow() + pauseMs });
  }

  succeeded(storageKey: string): void {
    if (this.failures.size > 0) this.failures.delete(storageKey);
  }
}
