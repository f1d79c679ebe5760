import type { Clock } from '../core/ports/clock.js';
import type { Reply, UnavailableReason } from '../core/ports/store.js';
import { unavailable } from '../core/resilience/unavailable.js';

/** What happens to commands on their way to the server. */
type Fault =
  | { readonly kind: 'none' | 'refused' }
  | { readonly kind: 'slow'; readonly ms: number }
  | { readonly kind: 'error'; readonly text: string }
  /** `waiting`: what was sent since, in order. */
  | { readonly kind: 'hung'; readonly waiting: (() => void)[] };

const NO_FAULT: Fault = { kind: 'none' };

export interface FakeLineParts {
  readonly clock: Clock;
  /** The most that a command may take, in milliseconds. */
  readonly timeoutMs: number;
  readonly onDown: (reason: UnavailableReason) => void;
}

/**
 * The way from one process to the fake server. A command that takes too long is given up, but not taken back: it still
 * reaches the server, when it is slow or when the server goes on, as it does with Redis.
 */
export class FakeLine {
  private fault: Fault = NO_FAULT;
  private isClosed = false;
  /** Nothing is sent any more because nothing was answered, as by a breaker. */
  private isSilent = false;
  private readonly underWay = new Set<(reply: Reply<never>) => void>();

  constructor(private readonly parts: FakeLineParts) {}

  get isUsable(): boolean {
    return this.reasonNotToSend === null;
  }

  get breaker(): 'open' | 'closed' {
    return this.isSilent ? 'open' : 'closed';
  }

  get inFlight(): number {
    return this.underWay.size;
  }

  /** The text that the server answers to everything; `null`: it does what it is asked. */
  get errorText(): string | null {
    return this.fault.kind === 'error' ? this.fault.text : null;
  }

  send<T>(work: () => Promise<Reply<T>>): Promise<Reply<T>> {
    const reason = this.reasonNotToSend;
    if (reason) return Promise.resolve(unavailable(reason));
    return new Promise((resolve) => {
      const settle = (reply: Reply<T>): void => {
        timer.cancel();
        this.underWay.delete(settle);
        resolve(reply);
      };
      this.underWay.add(settle);
      const timer = this.parts.clock.after(this.parts.timeoutMs, () => {
        settle(unavailable('timeout'));
        if (this.fault.kind === 'hung') this.fallSilent();
      });
      this.convey(() => {
        if (this.fault.kind === 'error') settle(unavailable('rejected'));
        else if (!this.isClosed) void work().then(settle);
      });
    });
  }

  refuse(): void {
    this.fault = { kind: 'refused' };
    this.giveUp('connection-lost');
    this.parts.onDown('disconnected');
  }

  hang(): void {
    this.fault = { kind: 'hung', waiting: [] };
  }

  slow(ms: number): void {
    this.fault = { kind: 'slow', ms };
  }

  error(text: string): void {
    this.fault = { kind: 'error', text };
  }

  /** What was sent meanwhile arrives now, before anything else. */
  recover(): void {
    const { fault } = this;
    this.fault = NO_FAULT;
    this.isSilent = false;
    if (fault.kind === 'hung') for (const arrive of fault.waiting) arrive();
  }

  close(): void {
    this.isClosed = true;
    this.giveUp('closed');
  }

  private get reasonNotToSend(): UnavailableReason | null {
    if (this.isClosed) return 'closed';
    if (this.fault.kind === 'refused') return 'disconnected';
    return this.isSilent ? 'breaker-open' : null;
  }

  private convey(arrive: () => void): void {
    if (this.fault.kind === 'hung') this.fault.waiting.push(arrive);
    else if (this.fault.kind === 'slow') this.parts.clock.after(this.fault.ms, arrive);
    else arrive();
  }

  private fallSilent(): void {
    if (this.isSilent) return;
    this.isSilent = true;
    this.parts.onDown('timeout');
  }

  private giveUp(reason: UnavailableReason): void {
    for (const settle of [...this.underWay]) settle(unavailable(reason));
  }
}
