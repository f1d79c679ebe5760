import type { LeaseToken } from '../ports/entry-store.js';
import type { Store, UnavailableReason } from '../ports/store.js';

interface GivenUp {
  readonly key: string;
  readonly token: LeaseToken;
}

/** Leases that are remembered; those beyond it hold others up until they have run out. */
const MAX_WAITING = 1_000;
/** Leases that are repeated in one round trip: all at once, they would leave no room for what callers ask. */
const REPEAT_COUNT = 100;

/** The store has been told, or has said that it cannot do it: to tell it again would be of no use. */
const IS_TOLD: ReadonlySet<UnavailableReason> = new Set(['timeout', 'rejected', 'closed']);

/**
 * Leases that nobody needs any more, until the store was told. Where it was not, or has not said whether it gave them, others
 * would wait for a load that nobody does.
 */
export class GivenUpLeases {
  private readonly waiting = new Map<LeaseToken, GivenUp>();
  private readonly stopListening: () => void;
  private isClosed = false;

  constructor(private readonly store: Store) {
    this.stopListening = store.onRecovered(() => void this.repeat());
  }

  /** `true`: {@link repeat} has nothing to do. */
  get isEmpty(): boolean {
    return this.waiting.size === 0;
  }

  /** Tells the store at once. */
  add(leases: readonly GivenUp[]): void {
    void this.release(leases);
  }

  /** Tells the store what it could not be told. */
  async repeat(): Promise<void> {
    const leases = [...this.waiting.values()];
    for (let from = 0; from < leases.length; from += REPEAT_COUNT) {
      await this.release(leases.slice(from, from + REPEAT_COUNT));
    }
  }

  /** What is given up from now on is not remembered. */
  close(): void {
    this.isClosed = true;
    this.stopListening();
    this.waiting.clear();
  }

  private async release(leases: readonly GivenUp[]): Promise<void> {
    const reply = await this.store.entries.release(leases);
    const isDone = reply.ok || IS_TOLD.has(reply.reason) || this.isClosed;
    for (const lease of leases) {
      if (isDone) this.waiting.delete(lease.token);
      else if (this.waiting.size < MAX_WAITING) this.waiting.set(lease.token, lease);
    }
  }
}
