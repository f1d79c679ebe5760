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

/** The nodes that own the slots of `keys`, each once; `null`: one of them is not connected, as far as is known. */
export function readyOwners(cluster: Cluster, keys: readonly string[]): Redis[] | null {
  const owners = new Set(keys.map((key) => cluster.slots[slotOf(key)]?.[0] ?? ''));
  const ready = cluster.nodes('master').filter((node) => node.status === 'ready' && owners.has(addressOf(node)));
  return ready.length === owners.size ? ready : null;
}

/** The nodes that own the slots of `keys`, each once. */
export function ownersOf(cluster: Cluster, keys: readonly string[]): Redis[] {
  const owners = new Set(keys.map((key) => cluster.slots[slotOf(key)]?.[0]));
  return cluster.nodes('master').filter((master) => owners.has(addressOf(master)));
}
