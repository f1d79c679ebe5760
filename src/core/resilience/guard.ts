import type { Clock } from '../ports/clock.js';
import type { Reply, UnavailableReason } from '../ports/store.js';
import type { Breaker } from './breaker.js';
import { DeadlineQueue } from './deadline-queue.js';
import { type CallHost, type Effort, type Fault, GuardedCall } from './guarded-call.js';
import { unavailable } from './unavailable.js';

export interface GuardOptions {
  readonly clock: Clock;
  readonly breaker: Breaker;
  /** What any one call may take, all its tries together, in milliseconds. */
  readonly timeoutMs: number;
  /**
   * Commands under way at once; a call on top of them is shed. One that sends several is let in while there is room for
   * one.
   */
  readonly maxInFlight: number;
  /** Bytes of arguments under way at once; a call on top of them is shed, in the same way. */
  readonly maxInFlightBytes: number;
  /** How often a call may be tried again. */
  readonly retries: number;
  /** What an error means that a command rejected with. */
  readonly classify: (error: unknown) => Fault;
  /** All commands go to one server: if a call waits in vain, and so do all that began after it, it hangs. */
  readonly isOneServer: boolean;
  /** An answer came in time. */
  readonly onAnswered?: () => void;
  /** An answer came that cannot be one to its command: answers and commands are out of step. */
  readonly onOutOfStep?: () => void;
  /** Between 0 and 1, for jitter. */
  readonly random: () => number;
}

/**
 * What every command to a store goes through: in-flight cap → breaker → deadline → retry.
 *
 * A caller gets an answer within `timeoutMs` and one turn of the event loop, whatever the store does. A command that
 * timed out keeps its place under the cap until its connection settles it, because until then it keeps its memory too:
 * under a hung store memory is bounded by the cap, not by the callers. Failures are values; `run` never rejects.
 */
export class Guard {
  private readonly deadlines: DeadlineQueue;
  private readonly host: CallHost;
  private commands = 0;
  private bytes = 0;
  private shed = 0;
  private answers = 0;
  private calls = 0;
  /** Number of the latest call that was answered. */
  private answeredCall = 0;
  private isClosed = false;
  private whenIdle: (() => void) | null = null;

  constructor(private readonly options: GuardOptions) {
    this.deadlines = new DeadlineQueue(options.clock, options.timeoutMs);
    this.host = {
      clock: options.clock,
      deadlines: this.deadlines,
      retries: options.retries,
      random: options.random,
      expiryReason: () => (this.isClosed ? 'closed' : 'timeout'),
      classify: options.classify,
      numberOf: () => ++this.calls,
      tried: (reason, call, isLate) => this.tried(reason, call, isLate),
      expired: (reason, call, effort) => this.expired(reason, call, effort),
      answeredOutOfStep: () => options.onOutOfStep?.(),
      released: (effort) => this.released(effort),
      settled: () => void (this.deadlines.isEmpty && this.whenIdle?.()),
    };
  }

  /** Commands that the connections have not settled yet, those included whose callers have given up. */
  get inFlight(): number {
    return this.commands;
  }

  /** Calls shed since the start. */
  get shedCount(): number {
    return this.shed;
  }

  /** How often the store has answered, in time or late, with a value or an error. */
  get answerCount(): number {
    return this.answers;
  }

  /** Runs `command`, which may throw or reject, and answers in time. */
  run<T>(command: () => Promise<T>, effort: Effort<T>): Promise<Reply<T>> {
    if (this.isClosed) return Promise.resolve(unavailable('closed'));
    if (this.commands >= this.options.maxInFlight || this.bytes >= this.options.maxInFlightBytes) {
      this.shed++;
      return Promise.resolve(unavailable('shed'));
    }
    if (!this.options.breaker.admit()) return Promise.resolve(unavailable('breaker-open'));
    this.commands += effort.commands ?? 1;
    this.bytes += effort.bytes ?? 0;
    return new Promise((resolve) => new GuardedCall(this.host, command, effort, resolve));
  }

  /** Lets nothing new in, waits up to `withinMs` until all callers have their answer, then tells the rest `closed`. */
  async close(withinMs: number): Promise<void> {
    this.isClosed = true;
    if (!this.deadlines.isEmpty) {
      await new Promise<void>((resolve) => {
        const timer = this.options.clock.after(withinMs, resolve);
        this.whenIdle = () => {
          timer.cancel();
          resolve();
        };
      });
    }
    this.deadlines.expireAll();
  }

  private tried(reason: UnavailableReason | null, call: number, isLate: boolean): void {
    const { breaker } = this.options;
    const isAnswer = reason === null || reason === 'rejected';
    if (isAnswer) {
      this.answers++;
      this.answeredCall = Math.max(this.answeredCall, call);
    }
    if (isLate) {
      if (isAnswer) breaker.revived();
    } else if (isAnswer) {
      breaker.succeeded();
      this.options.onAnswered?.();
    } else if (reason === 'disconnected') breaker.undecided();
    else breaker.failed(reason);
  }

  private expired(reason: UnavailableReason, call: number, effort: Effort): void {
    const { breaker, isOneServer } = this.options;
    const concerns = reason === 'closed' ? null : effort.unanswered?.();
    if (reason === 'closed' || (concerns === 'part' && breaker.state === 'closed')) return breaker.undecided();
    const isWhole = concerns === 'whole' || (isOneServer && this.answeredCall < call);
    const isSilent = isWhole && breaker.state !== 'open';
    breaker.failed(reason, isSilent);
    // Who asked a moment later would wait in vain too, and whoever asks one thing after another would do it twice.
    if (isSilent) this.deadlines.expireAll();
  }

  private released(effort: Effort): void {
    this.commands -= effort.commands ?? 1;
    this.bytes -= effort.bytes ?? 0;
  }
}
