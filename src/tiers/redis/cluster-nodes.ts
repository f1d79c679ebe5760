import type { Cluster, Redis } from 'ioredis';
import { slotOf } from './slots.js';

/** `host:port` of every node that owns slots, as the cluster last said. */
export function slotOwners(cluster: Cluster): ReadonlySet<string> {
  const owners = new Set<string>();
  // The library leaves holes where no node owns a slot.
  for (const nodes of cluster.slots as ((typeof cluster.slots)[number] | undefined)[]) {
    if (nodes?.[0]) owners.add(nodes[0]);
  }
  return owners;
}

/** `host:port` of a node's connection, written as {@link slotOwners} does. */
export const addressOf = ({ options }: Redis): string => `${options.host}:${options.port}`;

/** Whether the nodes are connected that own the slots of all `keys`, as far as is known. */
export function areOwnersReady(cluster: Cluster, keys: readonly string[]): boolean {
  const masters = cluster.nodes('master').filter(({ status }) => status === 'ready');
  const ready = new Set(masters.map(addressOf));
  return keys.every((key) => ready.has(cluster.slots[slotOf(key)]?.[0] ?? ''));
}
