import type { Cluster, Redis, RedisOptions } from 'ioredis';
import type { RedisClient } from '../clients/load-ioredis.js';
import { overhear } from './overheard.js';
import { destroyClient, isCluster } from '../clients/redis-client.js';
import { endAtStrayReplies } from './stray-replies.js';
import { hearNewsOnly, isNewsTo, type MasterStream } from './switch-news.js';

/** What the library keeps to itself: how a client makes those with which it asks sentinels, and its own connection. */
interface Inside {
  readonly connector?: {
    connectToSentinel?: (at: unknown, options?: RedisOptions) => Redis;
    readonly stream?: MasterStream;
  };
}

/** One that is told to disconnect once more waits so long for a connection to close that is closed already. */
const DISCONNECT_TIMEOUT_MS = 100;

/**
 * The clients that a client makes by itself, to ask sentinels or the nodes of a cluster where the data are. The library
 * ends them in good order or after a time limit of their own, so that a server which hangs would keep the process alive
 * after everything was closed.
 */
export class InnerClients {
  private readonly clients = new Set<Redis>();
  private isDestroyed = false;

  /** `client` must not have begun to connect. `onError` is told what they fail with. */
  constructor(
    client: RedisClient,
    private readonly onError: (error: Error) => void,
  ) {
    if (isCluster(client)) this.watchNodes(client);
    else this.watchSentinels(client);
  }

  destroy(): void {
    this.isDestroyed = true;
    for (const client of this.clients) end(client);
  }

  private watchNodes(cluster: Cluster): void {
    cluster.on('+node', (node: Redis) => {
      const duplicate = node.duplicate.bind(node);
      node.duplicate = (override) => this.watch(duplicate(override));
    });
  }

  private watchSentinels(client: Redis): void {
    const { connector } = client as unknown as Inside;
    const connect = connector?.connectToSentinel?.bind(connector);
    if (!connector || !connect) return;
    const isNews = (message: string): boolean => isNewsTo(connector.stream, client.options.name ?? '', message);
    connector.connectToSentinel = (at, options) => {
      const own = { disableClientInfo: true, disconnectTimeout: DISCONNECT_TIMEOUT_MS };
      return this.watch(hearNewsOnly(connect(at, { ...options, ...own }), isNews));
    };
  }

  private watch(client: Redis): Redis {
    endAtStrayReplies(client);
    // When one is ended, the library may ask the next server.
    if (this.isDestroyed) end(client);
    else this.clients.add(client);
    client.on('error', this.onError);
    // To the news of a failover.
    overhear(client, 'subscribe', this.onError);
    client.once('end', () => this.clients.delete(client));
    return client;
  }
}

/** For good: told to disconnect once more, the library would wait for a connection to close that is closed already. */
function end(client: Redis): void {
  destroyClient(client);
  client.disconnect = () => {};
}
