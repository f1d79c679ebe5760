import type { Clock, Timer } from '../ports/clock.js';

/** Somebody who waits until a deadline at most. */
export interface Waiter {
  /** The deadline has passed. Called at most once, and never after the deadline was cancelled. */
  expire(): void;
}

/** One place in the queue. */
export interface Deadline {
  /** Monotonic milliseconds. */
  readonly atMs: number;
  /** Leaves the queue. Cancelling twice, or after it expired, does nothing. */
  cancel(): void;
}

/** A timer that comes this much too late tells of a blocked event loop. */
const BLOCKED_MS = 20;
const GRACE_AFTER_BLOCK_MS = 10;

class Place implements Deadline {
  previous: Place | null = null;
  next: Place | null = null;
  isQueued = true;

  constructor(
    private readonly queue: DeadlineQueue,
    readonly waiter: Waiter,
    readonly atMs: number,
  ) {}

  cancel(): void {
    if (this.isQueued) this.queue.remove(this);
  }
}

/**
 * All deadlines of one length, first in first out, on one timer.
 *
 * All last equally long, so the queue is in order of time by itself and holds only those who still wait. When the timer
 * fires, those who are due get one turn of the event loop of grace: a reply that already waits in the kernel is then
 * read before anybody gives up. When the timer itself comes late, the loop was blocked, perhaps before the commands
 * could even leave; then the grace is 10 ms, so that a busy process does not take itself for a store that hangs.
 */
export class DeadlineQueue {
  private head: Place | null = null;
  private tail: Place | null = null;
  private timer: Timer | null = null;

  constructor(
    private readonly clock: Clock,
    private readonly lengthMs: number,
  ) {}

  get isEmpty(): boolean {
    return this.head === null;
  }

  add(waiter: Waiter): Deadline {
    const place = new Place(this, waiter, this.clock.monotonicNow() + this.lengthMs);
    place.previous = this.tail;
    if (this.tail) this.tail.next = place;
    else this.head = place;
    this.tail = place;
    if (!this.timer) this.arm();
    return place;
  }

  /** Lets everybody expire now and stops the timer. */
  expireAll(): void {
    this.timer?.cancel();
    this.timer = null;
    this.expireUntil(Infinity);
  }

  /** For the places of this queue alone; others call `Deadline.cancel`. */
  remove(place: Place): void {
    place.isQueued = false;
    if (place.previous) place.previous.next = place.next;
    else this.head = place.next;
    if (place.next) place.next.previous = place.previous;
    else this.tail = place.previous;
  }

  private arm(): void {
    this.timer = null;
    if (!this.head) return;
    const nowMs = this.clock.monotonicNow();
    const firesAtMs = Math.max(nowMs + 1, this.head.atMs);
    this.timer = this.clock.after(firesAtMs - nowMs, () => {
      const dueMs = this.clock.monotonicNow();
      if (dueMs - firesAtMs < BLOCKED_MS) this.expireAfterTurn(dueMs);
      else this.timer = this.clock.after(GRACE_AFTER_BLOCK_MS, () => this.expireAfterTurn(dueMs));
    });
  }

  private expireAfterTurn(dueMs: number): void {
    this.clock.nextTurn(() => {
      this.expireUntil(dueMs);
      this.arm();
    });
  }

  private expireUntil(ms: number): void {
    while (this.head && this.head.atMs <= ms) {
      const place = this.head;
      this.remove(place);
      place.waiter.expire();
    }
  }
}
