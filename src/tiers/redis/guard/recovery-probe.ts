import type { Clock, Timer } from '../../../core/ports/clock.js';
import type { BreakerState } from '../../../core/ports/store.js';

/**
 * Finds out by itself when a store that stopped answering is back, so that no caller pays for trying and nobody who
 * waits for the recovery depends on there being callers.
 */
export class RecoveryProbe {
  private timer: Timer | null = null;
  private isProbing = false;
  private isStopped = false;

  /** `probe` asks the store through the breaker and must not reject. `openMs`: how long the breaker stays open. */
  constructor(
    private readonly clock: Clock,
    private readonly openMs: number,
    private readonly probe: () => Promise<void>,
  ) {}

  /** To be told of every change of the breaker. */
  breakerChanged(state: BreakerState): void {
    this.timer?.cancel();
    if (this.isStopped) return;
    if (state === 'open') this.timer = this.clock.after(this.openMs, () => void this.run());
    // It gave a sign of life: the next command may be the probe, and here it is.
    else if (state === 'half-open') this.runSoon();
  }

  /** Not at once: whoever asks for it is just changing. */
  runSoon(): void {
    this.clock.nextTurn(() => void this.run());
  }

  stop(): void {
    this.isStopped = true;
    this.timer?.cancel();
  }

  private async run(): Promise<void> {
    if (this.isProbing || this.isStopped) return;
    this.isProbing = true;
    await this.probe();
    this.isProbing = false;
  }
}
