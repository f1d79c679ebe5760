import type { Clock } from '../../../core/ports/clock.js';

/** How the first attempt to connect ended, for those who want to wait for it. */
export class FirstAttempt {
  private result: boolean | null = null;
  private readonly waiting = new Set<(isReady: boolean) => void>();

  constructor(private readonly clock: Clock) {}

  /** The first call counts. */
  ended(isReady: boolean): void {
    this.result ??= isReady;
    for (const settle of this.waiting) settle(this.result);
    this.waiting.clear();
  }

  /** `false`: it failed, or did not end within `withinMs` milliseconds. */
  succeeded(withinMs: number): Promise<boolean> {
    if (this.result !== null) return Promise.resolve(this.result);
    return new Promise((resolve) => {
      const timer = this.clock.after(withinMs, () => settle(false));
      const settle = (isReady: boolean): void => {
        timer.cancel();
        this.waiting.delete(settle);
        resolve(isReady);
      };
      this.waiting.add(settle);
    });
  }
}
