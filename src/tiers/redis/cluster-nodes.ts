import type { Cluster, Redis } from 'ioredis';
import { SLOT_COUNT, slotOf } from './slots.js';

/** `host:port` of every node that owns slots, as the cluster last said. */
export function slotOwners(cluster: Cluster): ReadonlySet<string> {
  return new Set(ownersBySlot(cluster).filter((owner) => owner !== ''));
}

/** `host:port` of the owner of each slot, as the cluster last said; `''` where no node owns it. */
export function ownersBySlot(cluster: Cluster): string[] {
  // The library leaves holes where no node owns a slot.
  const slots = cluster.slots as ((typeof cluster.slots)[number] | undefined)[];
  return Array.from({ length: SLOT_COUNT }, (_, slot) => slots[slot]?.[0] ?? '');
}

/** `host:port` of a node's connection, written as {@link slotOwners} does. */
export const addressOf = ({ options }: Redis): string => `${options.host}:${options.port}`;

/** Whether the nodes are connected that own the slots of all `keys`, as far as is known. */
export function areOwnersReady(cluster: Cluster, keys: readonly string[]): boolean {
  const masters = cluster.nodes('master').filter(({ status }) => status === 'ready');
  const ready = new Set(masters.map(addressOf));
  return keys.every((key) => ready.has(cluster.slots[slotOf(key)]?.[0] ?? ''));
}

/** The nodes that own the slots of `keys`, each once. */
export function ownersOf(cluster: Cluster, keys: readonly string[]): Redis[] {
  const owners = new Set(keys.map((key) => cluster.slots[slotOf(key)]?.[0]));
  return cluster.nodes('master').filter((master) => owners.has(addressOf(master)));
}
