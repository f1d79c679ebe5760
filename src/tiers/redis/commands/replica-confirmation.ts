import type { Redis } from 'ioredis';
import { ownersOf } from '../cluster/cluster-nodes.js';
import type { RedisClient } from '../clients/load-ioredis.js';
import { isCluster } from '../clients/redis-client.js';

/** Too few replicas have what was written. */
class NotReplicatedError extends Error {
  /** As the library calls what a server answers with: it has answered, and repeating it would help nobody. */
  override readonly name = 'ReplyError';
}

/**
 * Lets a write count only when replicas have it, so that it outlives the loss of a master. Waits on the connection that
 * wrote, which is held up by it: for `withinMs` milliseconds at most.
 */
export class ReplicaConfirmation {
  /** `minReplicas`: how many must have it; 0: nothing is waited for. */
  constructor(
    private readonly minReplicas: number,
    private readonly withinMs: number,
  ) {}

  /** `command`, which writes `keys`, rejecting also where too few replicas have it in time. */
  of<T>(command: (client: RedisClient) => Promise<T>, keys: readonly string[]): (client: RedisClient) => Promise<T> {
    if (this.minReplicas === 0 || keys.length === 0) return command;
    return async (client) => {
      const writing = command(client);
      const masters = mastersFor(client, keys);
      // Sent in the same turn, behind the write.
      const [result] = await Promise.all([writing, ...masters.map((master) => this.wait(master))]);
      // A write that was redirected is on another master.
      const others = mastersFor(client, keys).filter((master) => !masters.includes(master));
      await Promise.all(others.map((master) => this.wait(master)));
      return result;
    };
  }

  private async wait(master: Redis): Promise<void> {
    const count = await master.wait(this.minReplicas, this.withinMs);
    if (count < this.minReplicas) throw new NotReplicatedError(`${count} of ${this.minReplicas} replicas have it`);
  }
}

const mastersFor = (client: RedisClient, keys: readonly string[]): Redis[] =>
  isCluster(client) ? ownersOf(client, keys) : [client];
