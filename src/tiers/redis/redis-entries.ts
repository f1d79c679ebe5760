import type { Clock } from '../../core/ports/clock.js';
import type {
  EntryStore,
  EntryWrite,
  LeaseExtension,
  LeaseRequest,
  LeaseState,
  LeaseToken,
  PublishState,
  StoredEntries,
  StoredEntry,
} from '../../core/ports/entry-store.js';
import type { Reply, StoreWrite } from '../../core/ports/store.js';
import { unavailable } from '../../core/resilience/unavailable.js';
import { isVersion, versionIn } from '../version-text.js';
import { allOf, type BatchCommands, bytesOf } from './batch-commands.js';
import type { ChangeListeners } from '../change-listeners.js';
import type { GuardedRedis } from './guarded-redis.js';
import { takeLeaseOff } from './lease-line.js';
import type { RedisClient } from './load-ioredis.js';
import { ENSURE_VERSION } from './scripts/ensure-version.js';
import { EXTEND_LEASE } from './scripts/extend-lease.js';
import { LEASE } from './scripts/lease.js';
import { PUBLISH } from './scripts/publish.js';
import { RELEASE } from './scripts/release.js';
import { ServerClock } from './server-clock.js';
import { SlowReads } from './slow-reads.js';

interface RedisEntriesParts {
  readonly redis: GuardedRedis;
  readonly batch: BatchCommands;
  readonly clock: Clock;
  /** Told of what is written here. */
  readonly listeners: ChangeListeners;
}

/** Arguments of one run of a script, after its key. */
type Arguments = readonly (string | number | Buffer)[];

type Answers = [values: (Buffer | null)[], ttls: number[]];

const RESET_EVERY_MS = 1_000;
/** How long a key is kept that has no time to live, as a number. */
const FOR_EVER_MS = Number.MAX_SAFE_INTEGER;

const isFlag = (reply: unknown): boolean => reply === 0 || reply === 1;
const isPublishState = (reply: unknown): boolean => reply === 'stored' || reply === 'lost';
const isLeaseReply = (reply: unknown): boolean =>
  Array.isArray(reply) && /^(?:held|taken|changed)$/.test(String(reply[0])) && /^\d+$/.test(String(reply[1]));
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
  private readonly serverClock: ServerClock;
  private readonly slowReads: SlowReads;
  private resetAtMs = -Infinity;

  constructor(private readonly parts: RedisEntriesParts) {
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
    const argumentsOf = (write: StoreWrite): Arguments => [bytesOf(write), write.ttlMs];
    return this.runEach(ENSURE_VERSION, writes, argumentsOf, { idempotent: false, accepts: isVersion });
  }

  async lease(requests: readonly LeaseRequest[]): Promise<Reply<LeaseState[]>> {
    const argumentsOf = ({ token, stamp, seen, holdMs, ttlMs }: LeaseRequest): Arguments =>
      seen === 'any' ? [token, stamp, 'any', '', holdMs, ttlMs] : [token, stamp, 'seen', seen ?? '', holdMs, ttlMs];
    const effort = { idempotent: false, accepts: isLeaseReply };
    const reply = await this.runEach<LeaseRequest, [LeaseState, string]>(LEASE, requests, argumentsOf, effort);
    if (!reply.ok) return reply;
    const [last] = reply.value.slice(-1);
    if (last) this.serverClock.told(Number(last[1]));
    return { ok: true, value: reply.value.map(([state]) => state) };
  }

  async extendLeases(leases: readonly LeaseExtension[]): Promise<Reply<true>> {
    const argumentsOf = ({ token, holdMs, ttlMs }: LeaseExtension): Arguments => [token, holdMs, ttlMs];
    const reply = await this.runEach(EXTEND_LEASE, leases, argumentsOf, { idempotent: true, accepts: isFlag });
    return reply.ok ? { ok: true, value: true } : reply;
  }

  publish(writes: readonly EntryWrite[]): Promise<Reply<PublishState[]>> {
    const argumentsOf = (write: EntryWrite): Arguments => [write.token, bytesOf(write), write.ttlMs];
    return this.runEach(PUBLISH, writes, argumentsOf, { idempotent: true, accepts: isPublishState });
  }

  async release(leases: readonly { readonly key: string; readonly token: LeaseToken }[]): Promise<Reply<true>> {
    const effort = { idempotent: true, accepts: isFlag };
    const reply = await this.runEach(RELEASE, leases, ({ token }): Arguments => [token], effort);
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
      allOf<unknown[]>([
        batch.getMany(client, keys),
        allOf(timed.map(async (key) => client.pttl(key))),
      ]) as Promise<Answers>;
    const accepts = ([values, ttls]: Answers): boolean =>
      values.length === keys.length && values.every(isBytesOrNull) && ttls.every(isInteger);
    const bytes = keys.reduce((sum, key) => sum + key.length, 0);
    return redis.run(ask, { idempotent: true, commands: batch.countOf(keys), bytes, accepts }, keys);
  }

  /** Runs a script on the key of each item, all in the same turn of the event loop. In the order of the items. */
  private async runEach<Item extends { readonly key: string }, Answer>(
    script: string,
    items: readonly Item[],
    argumentsOf: (item: Item) => Arguments,
    { idempotent, accepts }: { readonly idempotent: boolean; readonly accepts: (reply: unknown) => boolean },
  ): Promise<Reply<Answer[]>> {
    if (items.length === 0) return { ok: true, value: [] };
    const { redis, listeners } = this.parts;
    const runs = items.map((item) => [item.key, ...argumentsOf(item)] as const);
    const effort = {
      idempotent,
      commands: runs.length,
      bytes: runs.reduce((sum, run) => sum + script.length + sizeOf(run), 0),
      accepts: (replies: unknown[]) => replies.every(accepts),
    };
    const send = (client: RedisClient): Promise<unknown[]> =>
      allOf(runs.map(async ([key, ...rest]) => client.eval(script, 1, key, ...rest)));
    const keys = items.map(({ key }) => key);
    const reply = await listeners.around(keys, () => redis.run(send, effort, keys));
    return reply.ok ? { ok: true, value: reply.value as Answer[] } : reply;
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

const sizeOf = (run: Arguments): number =>
  run.reduce<number>((sum, argument) => sum + (typeof argument === 'number' ? 8 : argument.length), 0);
