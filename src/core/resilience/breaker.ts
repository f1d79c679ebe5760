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
 * Closed: all go through; a failure in silence opens it, or `breakerThreshold` failures in a row. Open: none goes through
 * for `breakerOpenMs`. Half-open: one probe at a time goes through; an answer closes the breaker, a failure opens it
 * again.
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

  /** The store answered in time. */
  succeeded(): void {
    if (this.phase.state === 'closed') this.phase.failures = 0;
    else this.change({ state: 'closed', failures: 0 }, null);
  }

  /** A command that was let through got no answer. `isSilent`: nor did any that was sent after it. */
  failed(reason: UnavailableReason, isSilent = false): void {
    if (this.phase.state === 'open') return;
    if (this.phase.state === 'closed' && ++this.phase.failures < this.tuning.breakerThreshold && !isSilent) return;
    this.change({ state: 'open', untilMs: this.clock.monotonicNow() + this.tuning.breakerOpenMs }, reason);
  }

  /** A command that was let through was never sent, which says nothing of the store: a probe is given back. */
  undecided(): void {
    if (this.phase.state === 'half-open') this.phase.isProbing = false;
  }

  /**
   * The store gave a sign of life: an answer that came too late, or a new connection. So the next command may probe it
   * at once. That alone does not close the breaker: with a store that is merely slow, or that drops each connection at
   * the first command, calls would go on running into their deadlines.
   */
  revived(): void {
    if (this.phase.state === 'open') this.change({ state: 'half-open', isProbing: false }, null);
  }

  private change(phase: Phase, reason: UnavailableReason | null): void {
    this.phase = phase;
    this.listener(phase.state, reason);
  }
}
