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

/** When those expire who came in one turn of the event loop. */
interface Turn {
  atMs: number;
}

class Place implements Deadline {
  previous: Place | null = null;
  next: Place | null = null;
  isQueued = true;

  constructor(
    private readonly queue: DeadlineQueue,
    readonly waiter: Waiter,
    private readonly turn: Turn,
  ) {}

  get atMs(): number {
    return this.turn.atMs;
  }

  cancel(): void {
    if (this.isQueued) this.queue.remove(this);
  }
}

/**
 * All deadlines of one length, first in first out, on one timer.
 *
 * All last equally long, so the queue is in order of time by itself and holds only those who still wait. When the timer
 * fires, those who are due get one turn of the event loop of grace: a reply that already waits in the kernel is then
 * read before anybody gives up. The time of a deadline begins when the code that asked has let go of the loop, because
 * the command does not leave before: so a busy process does not take itself for a store that hangs.
 */
export class DeadlineQueue {
  private head: Place | null = null;
  private tail: Place | null = null;
  private timer: Timer | null = null;
  /** `null`: nobody has come in this turn of the event loop. */
  private turn: Turn | null = null;

  constructor(
    private readonly clock: Clock,
    private readonly lengthMs: number,
  ) {}

  get isEmpty(): boolean {
    return this.head === null;
  }

  add(waiter: Waiter): Deadline {
    this.turn ??= this.beginTurn();
    const place = new Place(this, waiter, this.turn);
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

  private beginTurn(): Turn {
    const turn = { atMs: this.endsAtMs() };
    queueMicrotask(() => {
      turn.atMs = this.endsAtMs();
      this.turn = null;
    });
    return turn;
  }

  private endsAtMs(): number {
    return this.clock.monotonicNow() + this.lengthMs;
  }

  private arm(): void {
    this.timer = null;
    if (!this.head) return;
    const waitMs = Math.max(1, this.head.atMs - this.clock.monotonicNow());
    this.timer = this.clock.after(waitMs, () => this.expireAfterTurn(this.clock.monotonicNow()));
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
