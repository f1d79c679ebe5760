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

/** `host:port` of a node's connection, written as {@link slotOwners} does. */
export const addressOf = ({ options }: Redis): string => `${options.host}:${options.port}`;

/**
 * Connects to every master as soon as the cluster tells of it, and hands its errors to `onError`. The library would
 * connect with the first command for the node and turn away all that come while it does.
 */
export function connectEagerly(cluster: Cluster, onError: (node: Redis, error: Error) => void): void {
  cluster.on('+node', (node: Redis) => {
    node.on('error', (error: Error) => onError(node, error));
    // The library is still setting the node up.
    process.nextTick(() => {
      if (node.status === 'wait' && !node.options.readOnly) node.connect().catch(() => {});
    });
  });
}

/** Resolves when no master is connecting any more: each is ready, or has failed. */
export async function mastersSettled(cluster: Cluster): Promise<void> {
  await Promise.all(
    cluster.nodes('master').map((master) => {
      if (master.status === 'ready' || master.status === 'end') return undefined;
      return new Promise<void>((resolve) => {
        master.once('ready', resolve);
        master.once('end', resolve);
      });
    }),
  );
}
