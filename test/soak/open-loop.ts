import { nowMs } from '../race/world.js';
import type { CallRecord } from './records.js';
import type { RunQueue } from '../support/run-queue.js';
import type { Traffic } from './traffic.js';

/** Timers come no more often, and up to so much later. */
const TICK_MS = 1;
/** A call that begins later than this after it was due has waited for something else than a timer, and its waiting counts. */
const LATE_MS = 2;

/** Who waits for a processor. */
export interface RunQueues {
  readonly own: RunQueue;
  readonly peers: RunQueue;
}

interface Queued {
  readonly own: number;
  readonly peers: number;
}

/**
 * Makes so many calls a second, whether those before are answered or not: whoever waits for an answer before asking again does not
 * see how long others would have waited.
 */
export class OpenLoop {
  private calls: CallRecord[] = [];
  private underWay = 0;
  private timer: NodeJS.Timeout | null = null;
  private nextAtMs = 0;
  /** At the last tick. */
  private queued: Queued = { own: 0, peers: 0 };

  constructor(
    private readonly traffic: Traffic,
    private readonly queues: RunQueues,
    private readonly perSecond: number,
  ) {}

  start(): void {
    this.nextAtMs = nowMs();
    this.queued = this.queuedUpToNow();
    this.tick();
  }

  /** Begins no more. */
  stop(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
  }

  get isIdle(): boolean {
    return this.underWay === 0;
  }

  take(): CallRecord[] {
    const { calls } = this;
    this.calls = [];
    return calls;
  }

  private tick(): void {
    const untilMs = nowMs();
    const before = this.queued;
    this.queued = this.queuedUpToNow();
    while (this.nextAtMs <= untilMs) {
      const dueAtMs = this.nextAtMs;
      this.nextAtMs += 1_000 / this.perSecond;
      const startedAtMs = nowMs();
      const isLate = startedAtMs - dueAtMs > LATE_MS;
      void this.call({ dueAtMs: isLate ? dueAtMs : startedAtMs, startedAtMs }, isLate ? before : this.queued);
    }
    this.timer = setTimeout(() => this.tick(), TICK_MS);
  }

  private async call(times: Pick<CallRecord, 'dueAtMs' | 'startedAtMs'>, before: Queued): Promise<void> {
    const kind = this.traffic.next();
    this.underWay++;
    const done = await this.traffic.call(kind);
    this.underWay--;
    const endedAtMs = nowMs();
    const { own, peers } = this.queuedUpToNow();
    const queued = { queuedMs: own - before.own, peersQueuedMs: peers - before.peers };
    this.calls.push({ kind, ...times, ...done, endedAtMs, ...queued });
  }

  private queuedUpToNow(): Queued {
    const { own, peers } = this.queues;
    return { own: own.waitedMs(), peers: peers.waitedMs() };
  }
}
