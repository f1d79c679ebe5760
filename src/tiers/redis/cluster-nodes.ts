import type { Cluster, Redis } from 'ioredis';

/** `host:port` of every node that owns slots, as the cluster last said. */
export function slotOwners(cluster: Cluster): ReadonlySet<string> {
  const owners = new Set<string>();
  // The library leaves holes where no node owns a slot.
  for (const nodes of cluster.slots as ((typeof cluster.slots)[number] | undefined)[]) {
    if (nodes?.[0]) owners.add(nodes[0]);
  }
  return owners;
}

/** Whether the node is connected that owns the slot, as far as is known. */
export function isOwnerReady(cluster: Cluster, slot: number): boolean {
  const owner = cluster.slots[slot]?.[0];
  return cluster.nodes('master').some((node) => node.status === 'ready' && addressOf(node) === owner);
}

/** `host:port` of a node's connection, written as {@link slotOwners} does. */
export const addressOf = ({ options }: Redis): string => `${options.host}:${options.port}`;

/** Hands the errors of every node to `onError`, and connects to masters that join a cluster which is ready. */
export function watchNodes(cluster: Cluster, onError: (node: Redis, error: Error) => void): void {
  cluster.on('+node', (node: Redis) => {
    node.on('error', (error: Error) => onError(node, error));
    // Not before: the cluster asks a node whether all is well, and takes one that is just connecting for broken.
    if (cluster.status === 'ready') process.nextTick(() => connectNow(node));
  });
}

/**
 * Connects to every master; resolves when each is ready or has failed. The library would connect with the first command
 * for a node, and turn away all that come meanwhile.
 */
export async function connectMasters(cluster: Cluster): Promise<void> {
  const masters = cluster.nodes('master');
  for (const master of masters) connectNow(master);
  await Promise.all(masters.map(untilSettled));
}

function connectNow(node: Redis): void {
  if (node.status === 'wait' && node.options.readOnly !== true) node.connect().catch(() => {});
}

async function untilSettled(node: Redis): Promise<void> {
  if (node.status === 'ready' || node.status === 'end') return;
  await new Promise<void>((resolve) => {
    node.once('ready', resolve);
    node.once('end', resolve);
  });
}
