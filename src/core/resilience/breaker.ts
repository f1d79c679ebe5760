import type { Clock } from '../ports/clock.js';
import type { BreakerState, UnavailableReason } from '../ports/store.js';
import type { ResilienceTuning } from './resilience-defaults.js';

type Phase =
  | { readonly state: 'closed'; failures: number }
  | { readonly state: 'open'; readonly untilMs: number }
  | { readonly state: 'half-open'; isProbing: boolean };

/** Told of every change of state. `reason` is what the last failure was; `null` when it closed. */
export type BreakerListener = (state: BreakerState, reason: UnavailableReason | null) => void;

/**
 * Keeps calls away from a store that does not answer.
 *
 * Closed: all go through; `breakerThreshold` failures in a row open it. Open: none goes through for `breakerOpenMs`.
 * Half-open: one probe at a time goes through; an answer closes the breaker, a failure opens it again.
 */
export class Breaker {
  private phase: Phase = { state: 'closed', failures: 0 };

  constructor(
    private readonly clock: Clock,
    private readonly tuning: Pick<ResilienceTuning, 'breakerThreshold' | 'breakerOpenMs'>,
    private readonly listener: BreakerListener = () => {},
  ) {}

  get state(): BreakerState {
    return this.phase.state;
  }

  /** Whether a command may be sent. In the half-open state `true` makes it the probe, whose end must be reported. */
  admit(): boolean {
    if (this.phase.state === 'closed') return true;
    if (this.phase.state === 'open') {
      if (this.clock.monotonicNow() < this.phase.untilMs) return false;
      this.change({ state: 'half-open', isProbing: true }, null);
      return true;
    }
    if (this.phase.isProbing) return false;
    this.phase.isProbing = true;
    return true;
  }

  /** The store answered in time, or was connected anew. */
  succeeded(): void {
    if (this.phase.state === 'closed') this.phase.failures = 0;
    else this.change({ state: 'closed', failures: 0 }, null);
  }

  /** A command that was let through got no answer. */
  failed(reason: UnavailableReason): void {
    if (this.phase.state === 'open') return;
    if (this.phase.state === 'closed' && ++this.phase.failures < this.tuning.breakerThreshold) return;
    this.change({ state: 'open', untilMs: this.clock.monotonicNow() + this.tuning.breakerOpenMs }, reason);
  }

  /** A command that was let through was never sent, which says nothing of the store: a probe is given back. */
  undecided(): void {
    if (this.phase.state === 'half-open') this.phase.isProbing = false;
  }

  /**
   * The store answered, but too late. It is alive, so the next command may probe it at once. That alone does not close
   * the breaker: with a store that is merely slow, every call would run into its deadline again.
   */
  answeredLate(): void {
    if (this.phase.state === 'open') this.change({ state: 'half-open', isProbing: false }, null);
  }

  private change(phase: Phase, reason: UnavailableReason | null): void {
    this.phase = phase;
    this.listener(phase.state, reason);
  }
}
