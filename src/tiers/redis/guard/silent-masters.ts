import type { Cluster, Redis } from 'ioredis';
import { addressOf, ownersOf } from '../cluster/cluster-nodes.js';
import { mastersOf } from '../clients/redis-client.js';

/** A master that was sent something, and how much had been heard of it until then. */
interface Asked {
  readonly master: Redis;
  readonly stream: Redis['stream'];
  readonly bytesRead: number;
}

/** Whom one call has asked. */
export interface Question {
  readonly cluster: Cluster;
  readonly asked: readonly Asked[];
}

/**
 * The masters of a cluster that do not answer at the moment, while others may. One that has sent nothing at all between a
 * question and its deadline is silent until it sends something, or is connected to anew: a call that needs it need not wait
 * for the same. So one that hangs costs who asks one thing after another a single timeout, and the other masters nothing.
 */
export class SilentMasters {
  /** By address. */
  private readonly silent = new Map<string, Asked>();

  get areNone(): boolean {
    return this.silent.size === 0;
  }

  /** Whether one of the masters that hold `keys` is silent. */
  hold(cluster: Cluster, keys: readonly string[]): boolean {
    return ownersOf(cluster, keys).some((master) => this.isSilent(master));
  }

  /** To be called just before something is sent to these masters. */
  question(cluster: Cluster, masters: readonly Redis[]): Question {
    const asked = masters.map((master): Asked => {
      return { master, stream: master.stream, bytesRead: master.stream.bytesRead };
    });
    return { cluster, asked };
  }

  isSilent(master: Redis): boolean {
    const address = addressOf(master);
    const asked = this.silent.get(address);
    if (asked && !hasNotAnswered(asked)) this.silent.delete(address);
    return this.silent.has(address);
  }

  /** The deadline of a question has passed. What that tells of: `undefined` where all who were asked have sent something. */
  unanswered({ cluster, asked }: Question): 'part' | 'whole' | undefined {
    const silent = asked.filter(hasNotAnswered);
    if (silent.length === 0) return undefined;
    for (const one of silent) this.silent.set(addressOf(one.master), one);
    const masters = mastersOf(cluster).filter(({ status }) => status === 'ready');
    return masters.every((master) => this.isSilent(master)) ? 'whole' : 'part';
  }
}

const hasNotAnswered = ({ master, stream, bytesRead }: Asked): boolean =>
  master.status === 'ready' && master.stream === stream && stream.bytesRead === bytesRead;
