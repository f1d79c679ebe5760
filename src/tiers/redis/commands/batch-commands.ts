import type { StoreWrite } from '../../../core/ports/store.js';
import type { RedisClient } from '../clients/load-ioredis.js';
import { classifyFailure } from '../clients/command-failure.js';
import { isCluster } from '../clients/redis-client.js';
import { TTLS } from '../scripts/for-each-key.js';
import { groupBySlot } from '../cluster/slots.js';

type Key = string | Buffer;

/**
 * Commands on many keys: one command for one server; for a cluster one per slot, all sent in the same turn of the event
 * loop, which makes one round trip per node. Each settles when all of its commands have, and rejects if any failed.
 */
export interface BatchCommands {
  /** All keys are on the same server. */
  readonly isOneServer: boolean;
  /** In the order of `keys`. */
  getMany(client: RedisClient, keys: readonly string[]): Promise<(Buffer | null)[]>;
  setMany(client: RedisClient, writes: readonly StoreWrite[]): Promise<true>;
  /** Answers to PTTL, in the order of `keys`. */
  getTtls(client: RedisClient, keys: readonly string[]): Promise<number[]>;
  /** How many of the keys existed. Their memory is freed in the background. */
  unlink(client: RedisClient, keys: readonly Key[]): Promise<number>;
  /** How many commands a batch of these keys is. */
  countOf(keys: readonly string[]): number;
}

export const onOneServer: BatchCommands = {
  isOneServer: true,
  getMany: (client, keys) => client.mgetBuffer([...keys]),
  unlink: (client, keys) => client.unlink([...keys]),
  countOf: () => 1,
  async getTtls(client, keys) {
    if (keys.length <= FEW_KEYS) return ttlOfEach(client, keys);
    const runs = Array.from({ length: Math.ceil(keys.length / MAX_TTLS) }, async (_, at) => {
      const some = keys.slice(at * MAX_TTLS, (at + 1) * MAX_TTLS);
      return client.eval(TTLS, some.length, ...some);
    });
    return (await allOf(runs)).flat() as number[];
  },
  async setMany(client, writes) {
    const pipeline = client.pipeline();
    for (const write of writes) pipeline.set(write.key, bytesOf(write), 'PX', write.ttlMs);
    throwFailureOf(((await pipeline.exec()) ?? []).flatMap(([error]) => (error ? [error] : [])));
    return true;
  },
};

export const onCluster: BatchCommands = {
  isOneServer: false,
  async getMany(client, keys) {
    const groups = groupBySlot(keys);
    const answers = await allOf(groups.map(async (group) => client.mgetBuffer(pick(keys, group))));
    const values = new Array<Buffer | null>(keys.length).fill(null);
    groups.forEach((group, at) => group.forEach((place, index) => (values[place] = answers[at]?.[index] ?? null)));
    return values;
  },
  async unlink(client, keys) {
    const counts = await allOf(groupBySlot(keys).map(async (group) => client.unlink(pick(keys, group))));
    return counts.reduce((sum, count) => sum + count, 0);
  },
  async setMany(client, writes) {
    await allOf(writes.map(async (write) => client.set(write.key, bytesOf(write), 'PX', write.ttlMs)));
    return true;
  },
  countOf: (keys) => keys.length,
  getTtls: (client, keys) => ttlOfEach(client, keys),
};

/** Up to so many keys, a command for each costs less than a script. */
const FEW_KEYS = 2;
/** Keys whose time to live one script reads. */
const MAX_TTLS = 500;

const ttlOfEach = (client: RedisClient, keys: readonly string[]): Promise<number[]> =>
  allOf(keys.map(async (key) => client.pttl(key)));

/** One command per key, all in the same turn of the event loop. */
export const extendAll = (client: RedisClient, keys: readonly string[], ttlMs: number): Promise<true> =>
  allOf(keys.map(async (key) => client.pexpire(key, ttlMs))).then(() => true);

export const batchCommandsFor = (client: RedisClient): BatchCommands => (isCluster(client) ? onCluster : onOneServer);

/** The value as the library takes it: it would write any other byte array as text. Shares its memory. */
export const bytesOf = ({ value }: StoreWrite): Buffer =>
  Buffer.isBuffer(value) ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength);

const pick = <T>(items: readonly T[], places: readonly number[]): T[] => places.map((place) => items[place] as T);

/**
 * As `Promise.all`, but settles only when nothing is under way any more. A command that throws must be made to reject:
 * otherwise nobody hears of those that were sent before it.
 */
export async function allOf<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  const results = await Promise.allSettled(promises);
  throwFailureOf(results.flatMap((result) => (result.status === 'rejected' ? [result.reason as Error] : [])));
  return results.map((result) => (result as PromiseFulfilledResult<T>).value);
}

/** A lost command counts for more than one that was refused: it may still be carried out. */
function throwFailureOf(errors: readonly Error[]): void {
  const isLost = (error: Error): boolean => classifyFailure(error).reason === 'connection-lost';
  const failure = errors.find(isLost) ?? errors[0];
  if (failure) throw failure;
}
