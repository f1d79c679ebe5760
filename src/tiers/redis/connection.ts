import type { Clock } from '../../core/ports/clock.js';
import { ClusterWatch } from './cluster-watch.js';
import { InnerClients } from './inner-clients.js';
import type { RedisClient } from './load-ioredis.js';
import { OrderCheck } from './order-check.js';
import { destroyClient, destroyStream, isCluster } from './redis-client.js';
import { endAtStrayReplies } from './stray-replies.js';
import { WriteBatch } from './write-batch.js';

export interface ConnectionListener {
  /** Commands can be sent. At most once. */
  readonly onReady: () => void;
  /** It is over: the connection was lost, could not be made, or was destroyed. Once. */
  readonly onEnd: () => void;
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
  private hasEnded = false;
  private refused = false;

  /** `client` must not have begun to connect. */
  constructor(
    private readonly client: RedisClient,
    private readonly clock: Clock,
    private readonly listener: ConnectionListener,
  ) {
    if (isCluster(client)) client.on('+node', endAtStrayReplies);
    else endAtStrayReplies(client);
    this.order = new OrderCheck(clock, (connection) => destroyStream(connection));
    this.cluster = isCluster(client)
      ? new ClusterWatch(client, clock, (node, error) => {
          if (isStrayReply(error)) destroyStream(node);
        })
      : null;
    this.inner = new InnerClients(client);
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

  /** The server answered with an error when it was connected to, such as for a wrong password or database. */
  get isRefused(): boolean {
    return this.refused;
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
    this.listener.onReady();
  }

  private failed(error: Error): void {
    // An error in reply reaches this place only for what the library sends to connect. After a refused SELECT it would
    // go on in database 0.
    if (error.name === 'ReplyError') this.refused = true;
    if (this.refused || isStrayReply(error)) void this.destroy();
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
