import type { ResolvedRedisOptions } from '../../../core/policy/options.js';
import type { ChangeFeed, ChangeListener } from '../../../core/ports/change-feed.js';
import type { ChangeListeners } from '../../change-listeners.js';
import { ClusterMasters } from './cluster-masters.js';
import type { GuardedRedis } from '../guard/guarded-redis.js';
import type { IoredisModule, RedisClient } from '../clients/load-ioredis.js';
import { type Masters, oneMaster } from './masters.js';
import { attemptTimeoutOf, listenerFactory } from '../clients/redis-client.js';
import type { RedisParts, TrackingOptions } from '../redis-parts.js';
import { canaryPrefixOf, Tracking } from './tracking.js';

/** What happens to the keys of a store on Redis: own writes, told by those who send them, and what the servers tell. */
export class RedisChanges implements ChangeFeed {
  private readonly masters: Masters;
  private readonly canaryPrefix: string;
  /** `null`: nobody asked for it, or it is not open yet. */
  private tracking: Tracking | null = null;
  private stopWaiting = (): void => {};

  constructor(
    private readonly library: IoredisModule,
    private readonly options: ResolvedRedisOptions,
    private readonly parts: RedisParts,
    private readonly listeners: ChangeListeners,
  ) {
    const isCluster = options.topology.mode === 'cluster';
    this.masters = isCluster ? new ClusterMasters(() => this.tracking?.mastersChanged()) : oneMaster;
    this.canaryPrefix = canaryPrefixOf(parts.prefix ?? '');
  }

  /** To be given every data client before it begins to connect. */
  watch(client: RedisClient): RedisClient {
    if (this.parts.tracking) this.masters.watch(client);
    return client;
  }

  /**
   * Hears what others change, where that is asked for, from when Redis has answered for the first time: until then there is
   * nothing to keep in memory, and the first read would come after another connection.
   */
  open(redis: GuardedRedis): void {
    const { clock, tracking } = this.parts;
    if (!tracking) return;
    this.stopWaiting = redis.onRecovered(() => {
      this.stopWaiting();
      // Whoever has just been answered goes on first.
      clock.nextTurn(() => {
        if (!redis.isClosed) this.tracking = this.track(redis, tracking);
      });
    });
  }

  isFresh(readAtMs: number): boolean {
    return this.tracking?.isFresh(readAtMs) ?? false;
  }

  listen(listener: ChangeListener): () => void {
    return this.listeners.add(listener);
  }

  settled(): Promise<boolean> {
    return this.tracking?.settled() ?? Promise.resolve(false);
  }

  /** Whether a key is one of those by which processes test what they hear. */
  isCanary(key: Buffer): boolean {
    return key.toString('latin1', 0, this.canaryPrefix.length) === this.canaryPrefix;
  }

  async close(): Promise<void> {
    this.stopWaiting();
    await this.tracking?.close();
  }

  private track(redis: GuardedRedis, wanted: TrackingOptions): Tracking {
    const { library, options, masters, listeners } = this;
    const { clock, events, prefix = '', random = Math.random } = this.parts;
    const create = listenerFactory(library, options, clock);
    const attemptTimeoutMs = attemptTimeoutOf(options);
    const { timeoutMs } = options;
    const common = { clock, events, random, prefix, masters, redis, create, listeners };
    return new Tracking({ ...wanted, ...common, attemptTimeoutMs, timeoutMs });
  }
}
