import type { Clock } from '../../../core/ports/clock.js';

/** Measures for how long a store has not answered anything, from how often it has answered so far. */
export class Silence {
  private answerCount = 0;
  private sinceMs: number;

  constructor(private readonly clock: Clock) {
    this.sinceMs = clock.monotonicNow();
  }

  /** Milliseconds since the count was first seen to be what it is now. */
  observe(answerCount: number): number {
    const nowMs = this.clock.monotonicNow();
    if (answerCount !== this.answerCount) {
      this.answerCount = answerCount;
      this.sinceMs = nowMs;
    }
    return nowMs - this.sinceMs;
  }
}
