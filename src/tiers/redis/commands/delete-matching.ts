import type { Cluster, Redis } from 'ioredis';
import type { Reply } from '../../../core/ports/store.js';
import { batchCommandsFor } from './batch-commands.js';
import { addressOf, slotOwners } from '../cluster/cluster-nodes.js';
import type { RedisClient } from '../clients/load-ioredis.js';
import { isCluster, mastersOf } from '../clients/redis-client.js';

/** Keys that one step looks at. More of them delay other clients of the server noticeably. */
const KEYS_PER_STEP = 1_000;
/** In a cluster each key is deleted by a command of its own, all within one deadline. */
const KEYS_PER_CLUSTER_STEP = 200;

export interface Deletion {
  readonly deleted: number;
  /** `false`: a step failed or the servers changed meanwhile; keys that match may be left. */
  readonly complete: boolean;
}

type ScanReply = [cursor: Buffer, keys: Buffer[]];

/** Whether it is an answer to SCAN, and not to another command: answers may have come out of step. */
export function isScanReply(reply: unknown): boolean {
  const [cursor, keys] = Array.isArray(reply) ? (reply as readonly unknown[]) : [];
  return Buffer.isBuffer(cursor) && Array.isArray(keys) && keys.every((key) => Buffer.isBuffer(key));
}

/** How the walk asks and deletes; each step within the deadline. */
export interface WalkSteps {
  readonly scan: (command: () => Promise<ScanReply>) => Promise<Reply<ScanReply>>;
  readonly slots: (command: () => Promise<unknown>) => Promise<Reply<unknown>>;
  readonly unlink: (command: () => Promise<number>, keys: readonly Buffer[]) => Promise<Reply<number>>;
  /** `false`: a key that is none of the user's. */
  readonly isOurs: (key: Buffer) => boolean;
}

/**
 * Deletes every key that matches `pattern`, on every master, by SCAN and UNLINK: the server is never busy with it for
 * more than a moment, and whatever was there when it began is found. Stays with `client`: a cursor means nothing to
 * another server, so when the connection is lost the walk ends.
 *
 * A key that goes from one master to another meanwhile may be met on neither. So where slots are moving, or it cannot be
 * told, all are walked again: what moves once is at rest during one of the two walks.
 */
export async function deleteMatching(client: RedisClient, pattern: string, steps: WalkSteps): Promise<Deletion> {
  if (!isCluster(client)) return deleteOn(client, client, pattern, steps);
  const before = await slotsAtRest(client, steps);
  const first = await deleteOnAll(client, pattern, steps);
  if (!first.complete || (before !== null && before === (await slotsAtRest(client, steps)))) return first;
  const second = await deleteOnAll(client, pattern, steps);
  return { deleted: first.deleted + second.deleted, complete: second.complete };
}

async function deleteOnAll(client: Cluster, pattern: string, steps: WalkSteps): Promise<Deletion> {
  const masters = mastersOf(client);
  let deleted = 0;
  for (const master of masters) {
    const walk = await deleteOn(master, client, pattern, steps);
    deleted += walk.deleted;
    if (!walk.complete) return { deleted, complete: false };
  }
  return { deleted, complete: coversAll(client, masters) };
}

/** Which slots every master owns, by its own words, as one text; `null`: some are on their way, or one does not say. */
async function slotsAtRest(client: Cluster, { slots }: WalkSteps): Promise<string | null> {
  const replies = await Promise.all(mastersOf(client).map((master) => slots(() => master.cluster('NODES'))));
  const lines = replies.map((reply) => (reply.ok ? ownLineOf(String(reply.value)) : null));
  return lines.some((line) => line === null || line.includes('[')) ? null : lines.join('\n');
}

/** Id, epoch and slots: what a node says of itself, without the times. A slot on its way is in brackets. */
function ownLineOf(nodes: string): string | null {
  const own = nodes.split('\n').find((line) => /^\S+ \S+ \S*\bmyself\b/.test(line));
  if (own === undefined) return null;
  const [id, , , , , , epoch, , ...slots] = own.split(' ');
  return [id, epoch, ...slots].join(' ');
}

async function deleteOn(master: Redis, client: RedisClient, pattern: string, steps: WalkSteps): Promise<Deletion> {
  const count = isCluster(client) ? KEYS_PER_CLUSTER_STEP : KEYS_PER_STEP;
  let deleted = 0;
  let cursor = '0';
  do {
    const from = cursor;
    const step = await steps.scan(() => master.scanBuffer(from, 'MATCH', pattern, 'COUNT', count));
    if (!step.ok) return { deleted, complete: false };
    const [next, found] = step.value;
    cursor = next.toString();
    const keys = found.filter(steps.isOurs);
    if (keys.length === 0) continue;
    const unlinked = await steps.unlink(() => batchCommandsFor(client).unlink(client, keys), keys);
    if (!unlinked.ok) return { deleted, complete: false };
    deleted += unlinked.value;
  } while (cursor !== '0');
  return { deleted, complete: true };
}

/** Whether every node that now owns slots was walked. One that is away, or took over meanwhile, was not. */
function coversAll(client: Cluster, walked: readonly Redis[]): boolean {
  const addresses = new Set(walked.map(addressOf));
  return [...slotOwners(client)].every((owner) => addresses.has(owner));
}
