import type { Cluster, Redis } from 'ioredis';
import type { Clock } from '../../../core/ports/clock.js';
import { ClusterWatch } from '../cluster/cluster-watch.js';
import { type ConnectRefusal, connectRefusalOf } from './connect-refusal.js';
import { InnerClients } from './inner-clients.js';
import type { RedisClient } from '../clients/load-ioredis.js';
import { OrderCheck } from './order-check.js';
import { overhear, quietReadyCheck } from './overheard.js';
import { destroyClient, destroyStream, hasTls, isCluster } from '../clients/redis-client.js';
import { endAtStrayReplies } from './stray-replies.js';
import { WriteBatch } from './write-batch.js';

export interface ConnectionListener {
  /** Commands can be sent. At most once. */
  readonly onReady: () => void;
  /** It is over: the connection was lost, could not be made, or was destroyed. Once. */
  readonly onEnd: () => void;
  /** What it failed with, and what the servers refused while it was made. */
  readonly onError?: (error: Error) => void;
}

/** What the library says of a reply for which there is no command. */
const STRAY_REPLY = 'Command queue state error';
const END_WITHIN_MS = 200;

/** One client from its first attempt to connect to its end, and what watches it meanwhile. It never comes back. */
export class Connection {
  private readonly order: OrderCheck;
  private readonly writes = new WriteBatch();
  private readonly cluster: ClusterWatch | null;
  private readonly inner: InnerClients;
  private isUp = false;
  private hasBeenReady = false;
  private hasEnded = false;
  private refused = false;
  /** The first cause that was told. */
  private cause: ConnectRefusal | null = null;
  /** The server was reached, as far as the network is concerned, and has not let the client wait. */
  private wasTurnedAway = false;

  /** `client` must not have begun to connect. */
  constructor(
    private readonly client: RedisClient,
    private readonly clock: Clock,
    private readonly listener: ConnectionListener,
  ) {
    const tell = (error: Error): void => this.listener.onError?.(error);
    this.order = new OrderCheck(clock, (connection) => destroyStream(connection), tell);
    this.cluster = isCluster(client)
      ? new ClusterWatch(client, clock, (node, error) => {
          this.observe(error);
          if (isStrayReply(error)) destroyStream(node);
        })
      : null;
    this.inner = new InnerClients(client, (error) => this.observe(error));
    if (isCluster(client)) this.watchNodes(client, tell);
    else this.watchServer(client, tell);
    client.once('ready', () => {
      if (this.cluster) void this.cluster.start().then(() => this.becameReady());
      else this.becameReady();
    });
    client.once('end', () => this.end());
    // Without a listener the library would end the process, or write to the console.
    client.on('error', (error: Error) => this.failed(error));
    // How it ends is told by the events; the same failure comes as a rejection too.
    client.connect().catch(() => {});
  }

  get isReady(): boolean {
    return this.isUp && this.client.status === 'ready';
  }

  /** The server was found, and it will be no use to ask again soon: for a wrong password or database, or its certificate. */
  get isRefused(): boolean {
    return this.refused || (!this.hasBeenReady && this.cause !== null);
  }

  /** Why it was never ready; `null`: it was, or nothing is known. */
  get refusal(): ConnectRefusal | null {
    if (this.hasBeenReady) return null;
    return this.cause ?? (this.wasTurnedAway && !this.refused ? 'no-greeting' : null);
  }

  /** The client for one command. */
  take(): RedisClient {
    this.writes.beforeCommand(this.client);
    this.order.beforeCommand(this.client);
    return this.client;
  }

  /** A command was turned away, because a node of the cluster is missing. */
  hurry(): void {
    this.cluster?.hurry();
  }

  /** Ends it at once. Resolves when the client says so, or after 200 ms. */
  async destroy(): Promise<void> {
    if (this.hasEnded) return;
    this.wasTurnedAway &&= hasTls(this.client);
    await new Promise<void>((resolve) => {
      const timer = this.clock.after(END_WITHIN_MS, resolve);
      this.client.once('end', () => {
        timer.cancel();
        resolve();
      });
      this.end();
    });
  }

  private becameReady(): void {
    if (this.hasEnded) return;
    this.isUp = true;
    this.hasBeenReady = true;
    this.listener.onReady();
  }

  private failed(error: Error): void {
    this.observe(error);
    // An error in reply reaches this place only for what the library sends to connect. After a refused SELECT it would
    // go on in database 0.
    if (error.name === 'ReplyError') this.refused = true;
    if (this.refused || isStrayReply(error)) void this.destroy();
  }

  private watchNodes(cluster: Cluster, tell: (error: Error) => void): void {
    cluster.on('+node', (node: Redis) => {
      endAtStrayReplies(node);
      quietReadyCheck(node, tell);
      overhear(node, 'asking', tell);
    });
    cluster.on('node error', (error: Error) => this.observe(error));
    overhear(cluster, 'cluster', (error) => this.observe(error));
  }

  private watchServer(client: Redis, tell: (error: Error) => void): void {
    endAtStrayReplies(client);
    quietReadyCheck(client, tell);
    client.once('connect', () => (this.wasTurnedAway = true));
  }

  private observe(error: Error): void {
    this.cause ??= connectRefusalOf(error);
    // One that hangs lets a client wait, too. By TLS, nobody can tell it from one that does not speak TLS.
    if (/time ?out|ETIMEDOUT/i.test(error.message)) this.wasTurnedAway = hasTls(this.client);
    else if (/ECONNRESET/.test(error.message)) this.wasTurnedAway = true;
    this.listener.onError?.(error);
  }

  private end(): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    this.isUp = false;
    this.order.stop();
    this.cluster?.stop();
    // One that ended by itself too: with sentinels, the library goes on listening to them until it is told to end.
    destroyClient(this.client);
    this.inner.destroy();
    this.listener.onEnd();
  }
}

const isStrayReply = ({ message }: Error): boolean => message.startsWith(STRAY_REPLY);
