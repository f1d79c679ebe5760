import type { Clock } from '../../../core/ports/clock.js';
import { isFlag } from './entry-scripts.js';
import type { GuardedRedis } from '../guard/guarded-redis.js';
import type { RedisClient } from '../clients/load-ioredis.js';
import { DROP_LARGE } from '../scripts/drop-large.js';

/** What is smaller is no reason for a read to take long. */
const LARGE_BYTES = 1024 * 1024;
const MAX_SUSPECTS = 256;
/** For how long a key is not read that has not been looked at, in milliseconds. */
const HELD_BACK_MS = 2_000;
/** Keys that are looked at at once: all would leave no room for what callers ask. */
const AT_ONCE = 32;

/**
 * Keys whose read got no answer in time. What stands there may be so large that no read of it ever does, nor the one that
 * would have it replaced; and each read keeps the answers of all others waiting. So they are not read again until they were
 * looked at, as soon as Redis answers: what is large is then deleted, unread.
 *
 * Lossy on purpose: a large entry that was asked for when Redis hung goes, too, and is loaded again.
 */
export class SlowReads {
  /** Until when they are held back, in monotonic milliseconds. */
  private readonly suspects = new Map<string, number>();
  private isLooking = false;

  constructor(
    private readonly redis: GuardedRedis,
    private readonly clock: Clock,
  ) {
    redis.onRecovered(() => void this.look());
  }

  timedOut(keys: readonly string[]): void {
    const heldUntilMs = this.clock.monotonicNow() + HELD_BACK_MS;
    for (const key of keys) if (this.suspects.size < MAX_SUSPECTS) this.suspects.set(key, heldUntilMs);
    void this.look();
  }

  /** Whether one of the keys is not to be read now. */
  holdsBack(keys: readonly string[]): boolean {
    if (this.suspects.size === 0) return false;
    void this.look();
    const nowMs = this.clock.monotonicNow();
    return keys.some((key) => (this.suspects.get(key) ?? 0) > nowMs);
  }

  /** What gives no answer stays suspect. */
  private async look(): Promise<void> {
    if (this.isLooking) return;
    this.isLooking = true;
    const keys = [...this.suspects.keys()];
    while (keys.length > 0 && this.redis.isUsable) {
      await Promise.all(keys.splice(0, AT_ONCE).map((key) => this.lookAt(key)));
    }
    this.isLooking = false;
  }

  private async lookAt(key: string): Promise<void> {
    const drop = async (client: RedisClient): Promise<unknown> => client.eval(DROP_LARGE, 1, key, LARGE_BYTES);
    const reply = await this.redis.run(drop, { idempotent: true, bytes: DROP_LARGE.length, accepts: isFlag }, [key]);
    if (reply.ok || reply.reason === 'rejected') this.suspects.delete(key);
  }
}
