import type { Clock } from '../../../core/ports/clock.js';
import type {
  EntryStore,
  EntryWrite,
  LeaseExtension,
  LeaseRequest,
  LeaseState,
  PublishState,
  StoredEntries,
  StoredEntry,
} from '../../../core/ports/entry-store.js';
import type { Reply, StoreWrite } from '../../../core/ports/store.js';
import { unavailable } from '../../../core/resilience/unavailable.js';
import { versionIn } from '../../version-text.js';
import { allOf, type BatchCommands } from '../commands/batch-commands.js';
import type { ChangeListeners } from '../../change-listeners.js';
import type { GuardedRedis } from '../guard/guarded-redis.js';
import { takeLeaseOff } from './lease-line.js';
import type { RedisClient } from '../clients/load-ioredis.js';
import { entryScripts, type EntryScripts, type GivenLease } from './entry-scripts.js';
import { ServerClock } from './server-clock.js';
import { SlowReads } from './slow-reads.js';

interface RedisEntriesParts {
  readonly redis: GuardedRedis;
  readonly batch: BatchCommands;
  readonly clock: Clock;
  /** Told of what is written here. */
  readonly listeners: ChangeListeners;
}

type Answers = [values: (Buffer | null)[], ttls: number[]];

const RESET_EVERY_MS = 1_000;
/** How long a key is kept that has no time to live, as a number. */
const FOR_EVER_MS = Number.MAX_SAFE_INTEGER;

const isBytesOrNull = (reply: unknown): boolean => reply === null || Buffer.isBuffer(reply);
const isInteger = (reply: unknown): boolean => Number.isInteger(reply);

/**
 * Entries and their leases on Redis. A lease is a line in front of the entry, in the same key; each change of it is one
 * script on that key alone, so it works on a cluster, and whatever deletes the key ends it.
 *
 * Taking a lease and creating a version are never sent a second time: the first try might arrive after an invalidation and
 * bring back what was just made void. All else can be repeated.
 */
export class RedisEntries implements EntryStore {
  readonly gather: EntryStore['gather'];
  private readonly scripts: EntryScripts;
  private readonly serverClock: ServerClock;
  private readonly slowReads: SlowReads;
  private resetAtMs = -Infinity;

  constructor(private readonly parts: RedisEntriesParts) {
    this.scripts = entryScripts(parts);
    this.serverClock = new ServerClock(parts.clock);
    this.slowReads = new SlowReads(parts.redis, parts.clock);
    // After all promises that are settled by now: an answer that came for many lets each of them ask again. On a cluster,
    // the keys of different callers are on different nodes, one of which may be away.
    this.gather = parts.batch.isOneServer ? (send) => process.nextTick(send) : undefined;
  }

  read(
    entryKeys: readonly string[],
    versionKeys: readonly string[],
    { withTtl }: { readonly withTtl: boolean },
  ): Promise<Reply<StoredEntries>> {
    const keys = [...entryKeys, ...versionKeys];
    if (keys.length === 0) return Promise.resolve({ ok: true, value: { entries: [], versions: [] } });
    if (this.slowReads.holdsBack(keys)) return Promise.resolve(unavailable('breaker-open'));
    return this.readAll(keys, withTtl ? entryKeys : []).then((reply): Reply<StoredEntries> => {
      if (!reply.ok) {
        if (reply.reason === 'timeout') this.slowReads.timedOut(keys);
        return reply;
      }
      const [values, ttls] = reply.value;
      const entries = entryKeys.map((_, index) => this.entryOf(values[index] ?? null, ttls[index]));
      const versions = versionKeys.map((_, index) => versionIn(values[entryKeys.length + index]));
      return { ok: true, value: { entries, versions } };
    });
  }

  ensureVersions(writes: readonly StoreWrite[]): Promise<Reply<string[]>> {
    return this.scripts.ensureVersion.run(writes);
  }

  async lease(requests: readonly LeaseRequest[]): Promise<Reply<LeaseState[]>> {
    const reply = await this.scripts.lease.run(requests);
    if (!reply.ok) return reply;
    const [last] = reply.value.slice(-1);
    if (last) this.serverClock.told(Number(last[1]));
    return { ok: true, value: reply.value.map(([state]) => state) };
  }

  async extendLeases(leases: readonly LeaseExtension[]): Promise<Reply<true>> {
    const reply = await this.scripts.extendLease.run(leases);
    return reply.ok ? { ok: true, value: true } : reply;
  }

  publish(writes: readonly EntryWrite[]): Promise<Reply<PublishState[]>> {
    return this.scripts.publish.run(writes);
  }

  async release(leases: readonly GivenLease[]): Promise<Reply<true>> {
    const reply = await this.scripts.release.run(leases);
    return reply.ok ? { ok: true, value: true } : reply;
  }

  distrust(): void {
    const nowMs = this.parts.clock.monotonicNow();
    if (nowMs - this.resetAtMs < RESET_EVERY_MS) return;
    this.resetAtMs = nowMs;
    this.parts.redis.reset();
  }

  /** Values in the order of `keys`, and answers to PTTL in the order of `timed`. */
  private readAll(keys: readonly string[], timed: readonly string[]): Promise<Reply<Answers>> {
    const { redis, batch } = this.parts;
    // All in the same turn of the event loop.
    const ask = (client: RedisClient): Promise<Answers> =>
      allOf<unknown[]>([batch.getMany(client, keys), batch.getTtls(client, timed)]) as Promise<Answers>;
    const accepts = ([values, ttls]: Answers): boolean =>
      values.length === keys.length && values.every(isBytesOrNull) && ttls.every(isInteger);
    const bytes = keys.reduce((sum, key) => sum + key.length, 0);
    return redis.run(ask, { idempotent: true, commands: batch.countOf(keys), bytes, accepts }, keys);
  }

  private entryOf(stored: Buffer | null, ttlMs: number | undefined): StoredEntry | null {
    if (!stored) return null;
    const { lease, entry } = takeLeaseOff(stored);
    // One that nobody keeps up is not under way any more: whoever asks for it next takes it over.
    const isHeld = lease !== null && lease.untilMs > this.serverClock.now();
    if (!entry && !isHeld) return null;
    return { bytes: entry, lease: isHeld ? lease.token : null, ttlLeftMs: ttlLeftOf(ttlMs) };
  }
}

/** From the answer to PTTL: -1 for a key that never expires, -2 for one that is gone. */
function ttlLeftOf(ttlMs: number | undefined): number | null {
  if (ttlMs === undefined) return null;
  return ttlMs === -1 ? FOR_EVER_MS : Math.max(0, ttlMs);
}
