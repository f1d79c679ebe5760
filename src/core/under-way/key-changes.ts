import type { ChangeFeed } from '../ports/change-feed.js';
import type { Clock, Timer } from '../ports/clock.js';

/** What was read then may be served for no other reason than that changes are told. */
const LONG_AGO = -Infinity;

/** Those who look again at the same millisecond: they are woken together, so that they ask together. */
interface Alarm {
  readonly wakers: Set<() => void>;
  readonly timer: Timer;
}

/** Lets loads that wait for other processes look again as soon as something has happened to their key. */
export class KeyChanges {
  private readonly waiting = new Map<string, Set<() => void>>();
  /** By the moment at which they go off, in monotonic milliseconds. */
  private readonly alarms = new Map<number, Alarm>();
  private readonly stopListening: () => void;

  constructor(
    private readonly changes: ChangeFeed,
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

  /** Whether changes are told. */
  get areTold(): boolean {
    return this.changes.isFresh(LONG_AGO);
  }

  /** Resolves when `storageKey` has changed, or after `ms` milliseconds. */
  async next(storageKey: string, ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const wakers = this.waiting.get(storageKey) ?? new Set();
      const wake = (): void => {
        callOff();
        wakers.delete(wake);
        if (wakers.size === 0 && this.waiting.get(storageKey) === wakers) this.waiting.delete(storageKey);
        resolve();
      };
      const callOff = this.wakeAfter(ms, wake);
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

  /** Returns the way to call it off. */
  private wakeAfter(ms: number, wake: () => void): () => void {
    const nowMs = this.clock.monotonicNow();
    const atMs = Math.ceil(nowMs + ms);
    const alarm = this.alarms.get(atMs) ?? this.setAlarm(atMs, nowMs);
    alarm.wakers.add(wake);
    return () => {
      alarm.wakers.delete(wake);
      if (alarm.wakers.size > 0 || this.alarms.get(atMs) !== alarm) return;
      alarm.timer.cancel();
      this.alarms.delete(atMs);
    };
  }

  private setAlarm(atMs: number, nowMs: number): Alarm {
    const wakers = new Set<() => void>();
    const timer = this.clock.after(atMs - nowMs, () => {
      this.alarms.delete(atMs);
      for (const wake of [...wakers]) wake();
    });
    const alarm = { wakers, timer };
    this.alarms.set(atMs, alarm);
    return alarm;
  }
}
