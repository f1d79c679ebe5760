import type { GuardedRedis } from './guarded-redis.js';
import type { RedisClient } from './load-ioredis.js';
import { DROP_LARGE } from './scripts/drop-large.js';

/** What is smaller is no reason for a read to take long. */
const LARGE_BYTES = 1024 * 1024;
const MAX_SUSPECTS = 256;

const isFlag = (reply: unknown): boolean => reply === 0 || reply === 1;

/**
 * Keys whose read got no answer in time. What stands there may be so large that no read of it ever does, also not the one
 * that would replace it; and each keeps the answers of others waiting. So when Redis answers again, what is large is deleted,
 * unread. Lossy on purpose: a large entry that was asked for while Redis hung goes, too, and is loaded again.
 */
export class SlowReads {
  private readonly suspects = new Set<string>();
  private isLooking = false;

  constructor(private readonly redis: GuardedRedis) {
    redis.onRecovered(() => void this.look());
  }

  timedOut(keys: readonly string[]): void {
    for (const key of keys) if (this.suspects.size < MAX_SUSPECTS) this.suspects.add(key);
    void this.look();
  }

  /** One after another: all at once, they would leave no room for what callers ask. What is not answered stays suspect. */
  private async look(): Promise<void> {
    if (this.isLooking) return;
    this.isLooking = true;
    for (const key of [...this.suspects]) {
      const drop = async (client: RedisClient): Promise<unknown> => client.eval(DROP_LARGE, 1, key, LARGE_BYTES);
      const reply = await this.redis.run(drop, { idempotent: true, bytes: DROP_LARGE.length, accepts: isFlag }, [key]);
      if (reply.ok) this.suspects.delete(key);
      else if (!this.redis.isUsable) break;
    }
    this.isLooking = false;
  }
}
