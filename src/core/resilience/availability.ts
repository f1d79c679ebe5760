import type { EventSink } from '../events.js';
import type { Clock } from '../ports/clock.js';
import type { UnavailableReason } from '../ports/store.js';

/**
 * Whether a tier can be used at the moment. Reports every change once: `tierFailed` when it goes away (at the start:
 * when the first attempt to reach it failed), `tierRecovered` when it is back.
 */
export class Availability {
  private isUp: boolean | null = null;
  private downSinceMs = 0;
  private readonly listeners = new Set<() => void>();

  constructor(
    private readonly tier: string,
    private readonly clock: Clock,
    private readonly events: EventSink,
  ) {}

  /** The tier can be used. Listeners hear of it the first time too: what was asked of it before was not answered. */
  up(): void {
    if (this.isUp === true) return;
    const wasDown = this.isUp === false;
    this.isUp = true;
    if (wasDown) {
      const downMs = this.clock.monotonicNow() - this.downSinceMs;
      this.events.emit('tierRecovered', { tier: this.tier, downMs });
    }
    for (const listener of this.listeners) this.notify(listener);
  }

  /** The tier cannot be used, for `reason`. */
  down(reason: UnavailableReason): void {
    if (this.isUp === false) return;
    this.isUp = false;
    this.downSinceMs = this.clock.monotonicNow();
    this.events.emit('tierFailed', { tier: this.tier, reason });
  }

  /** Calls `listener` at every change to usable. Returns the way to stop listening. */
  onRecovered(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  private notify(listener: () => void): void {
    try {
      listener();
    } catch {
      // What a listener throws is no fault of the tier and must not keep the others from hearing of it.
    }
  }
}
