import type { EventSink } from '../events.js';
import type { Clock, Timer } from '../ports/clock.js';
import type { UnavailableReason } from '../ports/store.js';

/** A tier that fails again sooner than this after it was back is unsteady. */
const STEADY_MS = 10_000;

/**
 * Whether a tier can be used at the moment. Reports every change once: `tierFailed` when it goes away (at the start:
 * when the first attempt to reach it failed), `tierRecovered` when it is back. A cause that becomes known only later, such
 * as a certificate that a server has since it was restarted, is reported besides, once. One that comes and goes is reported
 * as back only when it has been for ten seconds: what is reported goes into logs, which must not grow with a fault.
 */
export class Availability {
  private isUp: boolean | null = null;
  private isReportedDown = false;
  private isUnsteady = false;
  private downSinceMs = 0;
  private recoveredAtMs = -Infinity;
  private steadiness: Timer | null = null;
  /** What was reported of the present outage. */
  private readonly reported = new Set<string>();
  private readonly listeners = new Set<() => void>();

  constructor(
    private readonly tier: string,
    private readonly clock: Clock,
    private readonly events: EventSink,
  ) {}

  /** The tier can be used. Listeners hear of it the first time too: what was asked of it before was not answered. */
  up(): void {
    if (this.isUp === true) return;
    this.isUp = true;
    if (this.isReportedDown) {
      const downMs = this.clock.monotonicNow() - this.downSinceMs;
      if (this.isUnsteady) this.steadiness = this.clock.after(STEADY_MS, () => this.reportRecovered(downMs));
      else this.reportRecovered(downMs);
    }
    for (const listener of this.listeners) this.notify(listener);
  }

  /** The tier cannot be used, for a cause that only its operator can take away: a word of ours, one of a few. */
  refused(cause: string): void {
    const wasDown = this.isReportedDown;
    this.down(cause);
    if (wasDown && !this.reported.has(cause)) this.report(cause);
  }

  /** The tier cannot be used, for `reason`, a word of ours. */
  down(reason: UnavailableReason | (string & {})): void {
    if (this.isUp === false) return;
    this.isUp = false;
    this.steadiness?.cancel();
    if (this.isReportedDown) return;
    this.isReportedDown = true;
    this.downSinceMs = this.clock.monotonicNow();
    this.isUnsteady = this.downSinceMs - this.recoveredAtMs < STEADY_MS;
    this.report(reason);
  }

  /** Reports nothing more that was put off. */
  stop(): void {
    this.steadiness?.cancel();
  }

  /** Calls `listener` at every change to usable. Returns the way to stop listening. */
  onRecovered(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  private report(reason: string): void {
    this.reported.add(reason);
    this.events.emit('tierFailed', { tier: this.tier, reason });
  }

  private reportRecovered(downMs: number): void {
    this.isReportedDown = false;
    this.reported.clear();
    this.recoveredAtMs = this.clock.monotonicNow();
    this.events.emit('tierRecovered', { tier: this.tier, downMs });
  }

  private notify(listener: () => void): void {
    try {
      listener();
    } catch {
      // What a listener throws is no fault of the tier and must not keep the others from hearing of it.
    }
  }
}
