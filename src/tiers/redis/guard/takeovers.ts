import type { Redis } from 'ioredis';
import type { RedisClient } from '../clients/load-ioredis.js';
import { isCluster, mastersOf } from '../clients/redis-client.js';

/**
 * Tells when another server has begun to answer for keys while Redis as a whole was never lost: a replica that was made a
 * master, or a master that was connected to anew. It may not have heard of the latest that its predecessor has confirmed.
 */
export class Takeovers {
  private readonly listeners = new Set<() => void>();

  /** To be given every client before it begins to connect. */
  watch<C extends RedisClient>(client: C): C {
    if (!isCluster(client)) return client;
    let known: ReadonlySet<unknown> = new Set();
    // A connection never moves to another server process, so one that was not there before stands for what is new.
    const look = (): void => {
      const masters = mastersOf(client).filter(({ status }) => status === 'ready');
      const present = new Set(masters.map(({ stream }) => stream));
      const isNew = [...present].some((stream) => !known.has(stream));
      known = present;
      if (isNew) this.happened();
    };
    client.on('refresh', look);
    client.on('+node', (node: Redis) => node.on('ready', look));
    return client;
  }

  happened(): void {
    for (const listener of this.listeners) listener();
  }

  /** Returns the way to stop listening. */
  listen(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }
}
