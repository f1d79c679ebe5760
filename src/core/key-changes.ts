import type { ChangeFeed } from './ports/change-feed.js';
import type { Clock } from './ports/clock.js';

/** Lets loads that wait for other processes look again as soon as something has happened to their key. */
export class KeyChanges {
  private readonly waiting = new Map<string, Set<() => void>>();
  private readonly stopListening: () => void;

  constructor(
    changes: ChangeFeed,
    private readonly clock: Clock,
  ) {
    this.stopListening = changes.listen({
      changed: (keys) => {
        if (this.waiting.size > 0) for (const key of keys) this.wake(key);
      },
      lost: () => {
        for (const key of [...this.waiting.keys()]) this.wake(key);
      },
    });
  }

  /** Resolves when `storageKey` has changed, or after `ms` milliseconds. */
  async next(storageKey: string, ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const wakers = this.waiting.get(storageKey) ?? new Set();
      const wake = (): void => {
        timer.cancel();
        wakers.delete(wake);
        if (wakers.size === 0 && this.waiting.get(storageKey) === wakers) this.waiting.delete(storageKey);
        resolve();
      };
      const timer = this.clock.after(ms, wake);
      this.waiting.set(storageKey, wakers.add(wake));
    });
  }

  close(): void {
    this.stopListening();
    for (const key of [...this.waiting.keys()]) this.wake(key);
  }

  private wake(storageKey: string): void {
    for (const wake of [...(this.waiting.get(storageKey) ?? [])]) wake();
  }
}
