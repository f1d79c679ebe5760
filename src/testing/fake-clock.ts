import type { Clock, Timer } from '../core/ports/clock.js';

interface Alarm {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
}

/** A clock that stands still until `advance` moves it. `now()` starts at 1,000,000,000,000. */
export class FakeClock implements Clock {
  private elapsedMs = 0;
  private skewMs = 1_000_000_000_000;
  private count = 0;
  private readonly alarms = new Set<Alarm>();

  now(): number {
    return this.elapsedMs + this.skewMs;
  }

  monotonicNow(): number {
    return this.elapsedMs;
  }

  after(ms: number, callback: () => void): Timer {
    const alarm: Alarm = { at: this.elapsedMs + Math.max(0, ms), order: this.count++, callback };
    this.alarms.add(alarm);
    return { cancel: () => void this.alarms.delete(alarm) };
  }

  /** As `after(0)`: runs with the next `advance`, `advance(0)` included. */
  nextTurn(callback: () => void): void {
    this.after(0, callback);
  }

  /** Moves time on by `ms` milliseconds, runs what falls due in order, and lets promises settle in between. */
  async advance(ms: number): Promise<void> {
    await settle();
    const end = this.elapsedMs + ms;
    for (let next = this.nextAlarm(end); next; next = this.nextAlarm(end)) {
      this.alarms.delete(next);
      this.elapsedMs = Math.max(this.elapsedMs, next.at);
      next.callback();
      await settle();
    }
    this.elapsedMs = end;
    await settle();
  }

  /** Lets the wall clock jump, as an administrator or NTP does; durations are not touched. */
  jump(ms: number): void {
    this.skewMs += ms;
  }

  /** Timers that have not run and were not cancelled. */
  get pendingTimerCount(): number {
    return this.alarms.size;
  }

  private nextAlarm(end: number): Alarm | undefined {
    let next: Alarm | undefined;
    for (const alarm of this.alarms) {
      if (alarm.at <= end && (!next || alarm.at < next.at || (alarm.at === next.at && alarm.order < next.order)))
        next = alarm;
    }
    return next;
  }
}

/** So many promises may wait for each other, and still all settle before time moves on. */
const SETTLING_TURNS = 100;

async function settle(): Promise<void> {
  for (let turn = 0; turn < SETTLING_TURNS; turn++) await Promise.resolve();
}
