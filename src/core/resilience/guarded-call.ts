import type { Clock, Timer } from '../ports/clock.js';
import type { Reply, UnavailableReason } from '../ports/store.js';
import type { Deadline, DeadlineQueue, Waiter } from './deadline-queue.js';
import { retryPauseMs } from './retry.js';
import { unavailable } from './unavailable.js';

/** What a call asks of the store and whether it may be repeated. */
export interface Effort<T = never> {
  /** Sending it twice does no more than sending it once: it is tried again after a fault that may pass. */
  readonly idempotent: boolean;
  /** Commands sent for it. Default 1. */
  readonly commands?: number;
  /** Size of its arguments in bytes. Default 0. */
  readonly bytes?: number;
  /** Whether an answer can be one to this command. Default: any can. */
  readonly accepts?: (value: T) => boolean;
  /**
   * Told when the deadline passes without an answer; answers what that tells of. `part`: some of the servers, so that
   * others are asked as before; `whole`: all of them hang. Default: nothing in particular.
   */
  readonly unanswered?: () => 'part' | 'whole' | null | undefined;
}

/** What a failed command means. */
export interface Fault {
  /** `disconnected`: it was never sent; `rejected`: the server answered, with an error. */
  readonly reason: 'disconnected' | 'connection-lost' | 'rejected';
  /** May pass by itself within moments, so trying again is worth it. */
  readonly isPassing: boolean;
}

/** What a call needs of its guard. */
export interface CallHost {
  readonly clock: Clock;
  readonly deadlines: DeadlineQueue;
  readonly retries: number;
  readonly random: () => number;
  /** Why a call that waits is ended: its deadline, or the end of the guard. */
  readonly expiryReason: () => UnavailableReason;
  readonly classify: (error: unknown) => Fault;
  /** The number of a call that begins: calls are numbered in their order. */
  readonly numberOf: () => number;
  /** The caller of a call is released while its command is under way. */
  readonly expired: (reason: UnavailableReason, call: number, effort: Effort) => void;
  /** A try ended: answered (`null`) or failed for `reason`. `isLate`: the caller had been released before. */
  readonly tried: (reason: UnavailableReason | null, call: number, isLate: boolean) => void;
  /** An answer came that cannot be one to its command. */
  readonly answeredOutOfStep: () => void;
  /** Nothing of the call is under way any more. */
  readonly released: (effort: Effort) => void;
  /** The caller has its answer. */
  readonly settled: () => void;
}

/** One call under way: its tries, its deadline, its caller. */
export class GuardedCall<T> implements Waiter {
  private readonly deadline: Deadline;
  private readonly number: number;
  private isSettled = false;
  /** Tries whose command was sent. */
  private sent = 0;
  /** A try was sent and lost: it may have been carried out, or may be still, whatever became of the next ones. */
  private isLost = false;
  private pause: { readonly timer: Timer; readonly fault: Fault } | null = null;

  constructor(
    private readonly host: CallHost,
    private readonly command: () => Promise<T>,
    private readonly effort: Effort<T>,
    private readonly resolve: (reply: Reply<T>) => void,
  ) {
    this.deadline = host.deadlines.add(this);
    this.number = host.numberOf();
    this.try();
  }

  expire(): void {
    const reason = this.host.expiryReason();
    if (this.pause) {
      this.pause.timer.cancel();
      this.host.released(this.effort);
      return this.settle(this.failure(this.pause.fault));
    }
    this.host.expired(reason, this.number, this.effort);
    this.settle(unavailable(reason));
  }

  private try(): void {
    this.pause = null;
    let answer: Promise<T>;
    try {
      answer = this.command();
    } catch (error) {
      return this.failed(error);
    }
    answer.then(
      (value) => this.answered(value),
      (error: unknown) => this.failed(error),
    );
  }

  /** A pause that ends late, after a long turn of the event loop, may end after the deadline. */
  private tryAgain(): void {
    if (this.host.clock.monotonicNow() < this.deadline.atMs) this.try();
    else this.expire();
  }

  private answered(value: T): void {
    if (this.effort.accepts?.(value) === false) {
      this.host.answeredOutOfStep();
      return this.ended({ reason: 'connection-lost', isPassing: true });
    }
    this.host.tried(null, this.number, this.isSettled);
    this.host.released(this.effort);
    if (!this.isSettled) this.settle({ ok: true, value, ...(this.isLost && { mayComeAgain: true }) });
  }

  private failed(error: unknown): void {
    this.ended(this.host.classify(error));
  }

  private ended(fault: Fault): void {
    this.host.tried(fault.reason, this.number, this.isSettled);
    if (fault.reason !== 'disconnected') this.sent++;
    if (fault.reason === 'connection-lost') this.isLost = true;
    const pauseMs = retryPauseMs(this.sent, this.host.random);
    if (!this.isSettled && this.mayTryAgain(fault, pauseMs)) {
      this.pause = { timer: this.host.clock.after(pauseMs, () => this.tryAgain()), fault };
      return;
    }
    this.host.released(this.effort);
    if (!this.isSettled) this.settle(this.failure(fault));
  }

  /** A call that was never sent is not tried again, so a store that is away costs nothing. */
  private mayTryAgain(fault: Fault, pauseMs: number): boolean {
    if (!this.effort.idempotent || !fault.isPassing || this.sent === 0 || this.sent > this.host.retries) return false;
    return this.host.clock.monotonicNow() + pauseMs < this.deadline.atMs;
  }

  private failure({ reason }: Fault): Reply<never> {
    return unavailable(this.isLost ? 'connection-lost' : reason);
  }

  private settle(reply: Reply<T>): void {
    this.isSettled = true;
    this.deadline.cancel();
    this.resolve(reply);
    this.host.settled();
  }
}
