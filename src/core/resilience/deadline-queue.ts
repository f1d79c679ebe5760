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
 * fires, those who are due get one turn of the event loop of grace: a reply that already waits in the kernel, because
 * the loop was blocked past the deadline, is then read before anybody gives up.
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
    const leftMs = Math.max(1, this.head.atMs - this.clock.monotonicNow());
    this.timer = this.clock.after(leftMs, () => {
      const dueMs = this.clock.monotonicNow();
      this.clock.nextTurn(() => {
        this.expireUntil(dueMs);
        this.arm();
      });
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
