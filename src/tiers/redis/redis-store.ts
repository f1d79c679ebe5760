import type { ResolvedRedisOptions } from '../../core/policy/options.js';
import type { EntryStore } from '../../core/ports/entry-store.js';
import type { Reply, Store, StoreHealth, StoreMode, StoreWrite } from '../../core/ports/store.js';
import type { Effort } from '../../core/resilience/guarded-call.js';
import { type BatchCommands, bytesOf, extendAll, onCluster, onOneServer } from './commands/batch-commands.js';
import { ChangeListeners } from '../change-listeners.js';
import { type Deletion, deleteMatching, isScanReply } from './commands/delete-matching.js';
import { GuardedRedis } from './guard/guarded-redis.js';
import type { IoredisModule, RedisClient } from './clients/load-ioredis.js';
import { RedisChanges } from './tracking/redis-changes.js';
import { clientFactory } from './clients/redis-client.js';
import { RedisEntries } from './entries/redis-entries.js';
import { countNodes, readMemory, UNKNOWN_MEMORY } from './redis-health.js';
import type { RedisParts } from './redis-parts.js';
import { ReplicaConfirmation } from './commands/replica-confirmation.js';
import { INCREMENT } from './scripts/increment.js';

const isBytesOrNull = (reply: unknown): boolean => reply === null || Buffer.isBuffer(reply);
const isDone = (reply: unknown): boolean => reply === true || reply === 'OK';
const isDoneOrNull = (reply: unknown): boolean => reply === null || reply === 'OK';
const isIntegerText = (reply: unknown): boolean => typeof reply === 'string' && /^-?\d+$/.test(reply);
const isCount = (reply: unknown): boolean => typeof reply === 'number';

const READ: Effort<Buffer | null> = { idempotent: true, accepts: isBytesOrNull };
const ASK: Effort<unknown> = { idempotent: true };

/** A store on Redis: one server, the master that sentinels name, or a cluster. Connects in the background. */
export class RedisStore implements Store {
  readonly mode: StoreMode;
  readonly entries: EntryStore;
  readonly changes: RedisChanges;
  private readonly redis: GuardedRedis;
  private readonly batch: BatchCommands;
  private readonly listeners = new ChangeListeners();
  private readonly confirmation: ReplicaConfirmation;

  /** Begins to connect; waits for nothing. Throws `CacheConfigurationError` for an address that cannot be read. */
  constructor(
    library: IoredisModule,
    private readonly options: ResolvedRedisOptions,
    private readonly parts: RedisParts,
  ) {
    this.mode = options.topology.mode;
    this.batch = this.mode === 'cluster' ? onCluster : onOneServer;
    this.changes = new RedisChanges(library, options, parts, this.listeners);
    const { clock } = parts;
    this.confirmation = new ReplicaConfirmation(options.minReplicas, Math.ceil(options.timeoutMs / 2));
    const create = clientFactory(library, options, clock);
    this.redis = new GuardedRedis(() => this.changes.watch(create()), options, parts);
    this.changes.open(this.redis);
    this.entries = new RedisEntries({ clock, redis: this.redis, batch: this.batch, listeners: this.listeners });
  }

  /**
   * Whether Redis was reached at the first attempt. Waits for its end, `withinMs` milliseconds at most; without waiting,
   * calls answer `disconnected` until there is a connection.
   */
  ready(withinMs: number): Promise<boolean> {
    return this.redis.ready(withinMs);
  }

  get isAvailable(): boolean {
    return this.redis.isUsable;
  }

  get(key: string): Promise<Reply<Buffer | null>> {
    return this.redis.run((client) => client.getBuffer(key), READ, [key]);
  }

  getMany(keys: readonly string[]): Promise<Reply<(Buffer | null)[]>> {
    if (keys.length === 0) return Promise.resolve({ ok: true, value: [] });
    const accepts = (reply: unknown): boolean =>
      Array.isArray(reply) && reply.length === keys.length && reply.every(isBytesOrNull);
    const effort = { idempotent: true, ...this.weigh(keys), accepts };
    return this.redis.run((client) => this.batch.getMany(client, keys), effort, keys);
  }

  async set(write: StoreWrite): Promise<Reply<true>> {
    const effort = { idempotent: true, bytes: sizeOf(write), accepts: isDone };
    const { key, ttlMs } = write;
    const reply = await this.write((client) => client.set(key, bytesOf(write), 'PX', ttlMs), effort, [key]);
    return reply.ok ? { ...reply, value: true } : reply;
  }

  /** Not tried again: a first try that was carried out would look like a value of somebody else. */
  async setIfAbsent(write: StoreWrite): Promise<Reply<boolean>> {
    const effort = { idempotent: false, bytes: sizeOf(write), accepts: isDoneOrNull };
    const { key, ttlMs } = write;
    const reply = await this.write((client) => client.set(key, bytesOf(write), 'PX', ttlMs, 'NX'), effort, [key]);
    return reply.ok ? { ok: true, value: reply.value !== null } : reply;
  }

  setMany(writes: readonly StoreWrite[]): Promise<Reply<true>> {
    return this.writeMany(writes, true);
  }

  setManyOnce(writes: readonly StoreWrite[]): Promise<Reply<true>> {
    return this.writeMany(writes, false, this.confirmation);
  }

  async extend(keys: readonly string[], ttlMs: number): Promise<Reply<true>> {
    if (keys.length === 0) return { ok: true, value: true };
    const effort = { idempotent: true, ...this.weigh(keys), commands: keys.length };
    return this.write((client) => extendAll(client, keys, ttlMs), effort, keys);
  }

  /** After a connection was lost, keys that the first try deleted may be missing from the count. */
  delete(keys: readonly string[]): Promise<Reply<number>> {
    if (keys.length === 0) return Promise.resolve({ ok: true, value: 0 });
    const effort = { idempotent: true, ...this.weigh(keys), accepts: isCount };
    const unlink = (client: RedisClient): Promise<number> => this.batch.unlink(client, keys);
    return this.write(this.confirmation.of(unlink, keys), effort, keys);
  }

  /** Not tried again: a first try that was carried out would be added twice. */
  async increment(key: string, by: number, ttlMs: number): Promise<Reply<number>> {
    const effort = { idempotent: false, accepts: isIntegerText };
    const reply = await this.write((client) => client.eval(INCREMENT, 1, key, by, ttlMs), effort, [key]);
    return reply.ok ? { ok: true, value: Number(reply.value) } : reply;
  }

  /**
   * What is not there any more is not met on the walk, and others may have deleted it without this process having been told
   * yet: so whatever it holds of any key is in doubt.
   */
  async deleteMatching(pattern: string): Promise<Deletion> {
    const client = this.redis.pin();
    if (!client) return { deleted: 0, complete: false };
    this.listeners.lost();
    const deletion = await this.walk(client, pattern);
    this.listeners.lost();
    return deletion;
  }

  private walk(client: RedisClient, pattern: string): Promise<Deletion> {
    return deleteMatching(client, pattern, {
      scan: (command) => this.redis.run(command, { ...ASK, accepts: isScanReply }),
      slots: (command) => this.redis.run(command, ASK),
      unlink: (command, keys) => {
        const names = keys.map(String);
        return this.write(this.confirmation.of(command, names), { ...ASK, accepts: isCount }, names);
      },
      isOurs: (key) => !this.changes.isCanary(key),
    });
  }

  async health(): Promise<StoreHealth> {
    const { clock } = this.parts;
    const askedAtMs = clock.monotonicNow();
    const pong = this.redis.run((client) => client.ping(), ASK);
    const memory = this.redis.run((client) => readMemory(client), ASK);
    const isAlive = (await pong).ok;
    const latencyMs = isAlive ? clock.monotonicNow() - askedAtMs : null;
    const memoryReply = await memory;
    const nodes = this.nodes();
    return {
      connected: isAlive,
      message: this.describe(isAlive),
      mode: this.mode,
      latencyMs,
      breaker: this.redis.breakerState,
      memory: memoryReply.ok ? memoryReply.value : UNKNOWN_MEMORY,
      connections: this.redis.counts,
      ...(nodes && { nodes }),
    };
  }

  onRecovered(listener: () => void): () => void {
    const stops = [this.redis.onRecovered(listener), this.redis.onTakeover(listener)];
    return () => stops.forEach((stop) => stop());
  }

  async close(): Promise<void> {
    await Promise.all([this.redis.close(), this.changes.close()]);
  }

  /** Runs a command that changes `keys`. */
  private write<T>(
    command: (client: RedisClient) => Promise<T>,
    effort: Effort<T>,
    keys: readonly string[],
  ): Promise<Reply<T>> {
    return this.listeners.around(keys, () => this.redis.run(command, effort, keys));
  }

  private writeMany(
    writes: readonly StoreWrite[],
    idempotent: boolean,
    confirmation?: ReplicaConfirmation,
  ): Promise<Reply<true>> {
    if (writes.length === 0) return Promise.resolve({ ok: true, value: true });
    const bytes = writes.reduce((sum, write) => sum + sizeOf(write), 0);
    const effort = { idempotent, commands: writes.length, bytes, accepts: isDone };
    const keys = writes.map(({ key }) => key);
    const write = (client: RedisClient): Promise<true> => this.batch.setMany(client, writes);
    return this.write(confirmation?.of(write, keys) ?? write, effort, keys);
  }

  private nodes(): StoreHealth['nodes'] {
    const client = this.redis.pin();
    if (client) return countNodes(client);
    return this.mode === 'cluster' ? { total: 0, ready: 0 } : undefined;
  }

  private describe(isAlive: boolean): string {
    if (this.redis.isClosed) return 'The cache is closed.';
    if (isAlive) return 'Redis answers.';
    if (this.redis.isReady)
      return `Redis does not answer within ${this.options.timeoutMs} ms; the cache goes on asking.`;
    return 'Redis is not connected; the cache goes on connecting in the background.';
  }

  private weigh(keys: readonly string[]): { commands: number; bytes: number } {
    return { commands: this.batch.countOf(keys), bytes: keys.reduce((sum, key) => sum + key.length, 0) };
  }
}

const sizeOf = ({ key, value }: StoreWrite): number => key.length + value.byteLength;
