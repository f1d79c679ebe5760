import type { Clock } from '../../../core/ports/clock.js';

/** How long a canary is waited for that the server has not confirmed, in milliseconds. */
const FORGOTTEN_AFTER_MS = 3_000;
/** Canaries that are waited for at once; no more are sent. */
const MAX_FLYING = 100;

interface Canary {
  readonly sentAtMs: number;
  /** When the server confirmed it; `null`: it has not, so far. */
  confirmedAtMs: number | null;
  readonly settle: (isHeard: boolean) => void;
}

export interface CanariesParts {
  readonly clock: Clock;
  /** A storage key that was never used before and belongs to the server that is listened to. */
  readonly nextKey: () => string;
  /** Writes something under the key, over a data connection. Answers whether the server confirmed it; never rejects. */
  readonly write: (key: string) => Promise<boolean>;
}

/**
 * Small writes of this process whose echo is waited for on the channel. What was written before a canary was sent is told
 * before its echo, so an echo proves that the channel hears the very server that the data connections write to, and how
 * far it has got. No two canaries have the same key: what is heard of one (its expiry too) was caused after it was sent.
 */
export class Canaries {
  /** In the order in which they were sent. */
  private readonly flying = new Map<string, Canary>();

  constructor(private readonly parts: CanariesParts) {}

  /** Resolves with whether the echo came; `false` at the latest when {@link forgetAll} is called. */
  send(): Promise<boolean> {
    const { clock, nextKey, write } = this.parts;
    this.forgetOld();
    if (this.flying.size >= MAX_FLYING) return Promise.resolve(false);
    const key = nextKey();
    return new Promise((settle) => {
      const canary: Canary = { sentAtMs: clock.monotonicNow(), confirmedAtMs: null, settle };
      this.flying.set(key, canary);
      void write(key).then((isConfirmed) => {
        if (isConfirmed) canary.confirmedAtMs = clock.monotonicNow();
        else settle(false);
      });
    });
  }

  /** When the canary under `key` was sent, in monotonic milliseconds; `null`: it is none that is waited for. */
  heard(key: string): number | null {
    const canary = this.flying.get(key);
    if (!canary) return null;
    this.flying.delete(key);
    canary.settle(true);
    return canary.sentAtMs;
  }

  /** Since when the server has confirmed a canary that is not heard; `null`: there is none. */
  get unheardSinceMs(): number | null {
    for (const { confirmedAtMs } of this.flying.values()) if (confirmedAtMs !== null) return confirmedAtMs;
    return null;
  }

  forgetAll(): void {
    for (const { settle } of this.flying.values()) settle(false);
    this.flying.clear();
  }

  private forgetOld(): void {
    const bornAfterMs = this.parts.clock.monotonicNow() - FORGOTTEN_AFTER_MS;
    for (const [key, { sentAtMs, settle }] of this.flying) {
      if (sentAtMs > bornAfterMs) return;
      this.flying.delete(key);
      settle(false);
    }
  }
}
