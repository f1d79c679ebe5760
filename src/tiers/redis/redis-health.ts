import type { StoreHealth } from '../../core/ports/store.js';
import { addressOf, slotOwners } from './cluster/cluster-nodes.js';
import type { RedisClient } from './clients/load-ioredis.js';
import { isCluster, mastersOf } from './clients/redis-client.js';

type Memory = StoreHealth['memory'];

/** What a server that is not asked, or does not tell, is known to use. */
export const UNKNOWN_MEMORY: Memory = { usedBytes: null, maxBytes: null, evictionPolicy: null };

/** Memory of all masters together, from INFO, which needs no right to read the configuration. */
export async function readMemory(client: RedisClient): Promise<Memory> {
  const infos = await Promise.all(mastersOf(client).map((master) => master.info('memory')));
  const limits = infos.map((info) => numberIn(info, 'maxmemory'));
  return {
    usedBytes: sum(infos.map((info) => numberIn(info, 'used_memory'))),
    // 0 is how a server says that it has no limit; then there is none for all.
    maxBytes: limits.includes(0) ? null : sum(limits),
    evictionPolicy: wordOf(textIn(infos[0] ?? '', 'maxmemory_policy')),
  };
}

/** How many masters own slots and how many of them are connected; `undefined` without a cluster. */
export function countNodes(client: RedisClient): StoreHealth['nodes'] {
  if (!isCluster(client)) return undefined;
  const owners = slotOwners(client);
  const ready = mastersOf(client).filter((master) => master.status === 'ready' && owners.has(addressOf(master)));
  return { total: owners.size, ready: ready.length };
}

function sum(numbers: readonly (number | null)[]): number | null {
  return numbers.reduce((total, number) => (total === null || number === null ? null : total + number), 0);
}

function numberIn(info: string, field: string): number | null {
  const text = textIn(info, field);
  return text === null ? null : Number(text);
}

/** What a server says is shown where it is one of the names that policies have: anything else may hold anything. */
const wordOf = (text: string | null): string | null =>
  text !== null && /^[a-z][a-z-]{0,39}$/.test(text) ? text : null;

const textIn = (info: string, field: string): string | null =>
  new RegExp(`^${field}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? null;
