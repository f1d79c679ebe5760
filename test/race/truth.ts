import { Redis } from 'ioredis';

const placeOf = (key: string): string => `truth:${key}`;
const lockOf = (key: string): string => `lock:${key}`;
/** Longer than any change takes; a process that dies does not keep it. */
const LOCK_MS = 20_000;

/** What the cache holds copies of: a number for each key, which only grows. On a connection that waits for ever. */
export class Truth {
  private readonly redis: Redis;

  constructor(port: number) {
    this.redis = new Redis(port, '127.0.0.1');
    // Without a listener, ioredis writes what happens to the console.
    this.redis.on('error', () => undefined);
  }

  /** In the order of `keys`. */
  async versions(keys: readonly string[]): Promise<number[]> {
    return (await this.redis.mget(keys.map(placeOf))).map(Number);
  }

  /** Changes what is true of `changed`. Resolves to what is true of `covered` afterwards, in their order. */
  async change(changed: readonly string[], covered: readonly string[]): Promise<number[]> {
    if (covered.length === 0) covered = changed;
    const pipeline = this.redis.pipeline();
    for (const key of changed) pipeline.incr(placeOf(key));
    pipeline.mget(covered.map(placeOf));
    const replies = (await pipeline.exec()) ?? [];
    for (const [error] of replies) if (error) throw error;
    return (replies.at(-1)?.[1] as (string | null)[]).map(Number);
  }

  /** Runs `work` while nobody else changes what is under the key. `false`: somebody else was about to, and it was not run. */
  async whileLocked(key: string, work: () => Promise<void>): Promise<boolean> {
    if ((await this.redis.set(lockOf(key), '1', 'PX', LOCK_MS, 'NX')) === null) return false;
    try {
      await work();
    } finally {
      await this.redis.del(lockOf(key));
    }
    return true;
  }

  /** Deletes keys of the cache behind its back. */
  async deleteOutside(storageKeys: readonly string[]): Promise<void> {
    await this.redis.del([...storageKeys]);
  }

  close(): void {
    this.redis.disconnect();
  }
}
