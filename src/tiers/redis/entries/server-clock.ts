import type { Clock } from '../../../core/ports/clock.js';

/**
 * What the clock of the server shows, as far as is known: what it last told, and until then what the clock of this machine
 * shows. Clocks of machines differ by seconds, which is longer than a lease holds.
 */
export class ServerClock {
  /** What is to be added to monotonic time. */
  private offsetMs: number;

  constructor(private readonly clock: Clock) {
    this.offsetMs = clock.now() - clock.monotonicNow();
  }

  /** Milliseconds since 1970. */
  now(): number {
    return this.clock.monotonicNow() + this.offsetMs;
  }

  /** `nowMs`: what the server has just told. */
  told(nowMs: number): void {
    this.offsetMs = nowMs - this.clock.monotonicNow();
  }
}
