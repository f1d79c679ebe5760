import type { Clock, Timer } from '../../core/ports/clock.js';
import { connectMasters, watchNodes } from './cluster-nodes.js';
import type { RedisClient } from './load-ioredis.js';
import { OrderCheck } from './order-check.js';
import { reconnectDelayMs } from './reconnect-delay.js';
import { destroyClient, destroyStream, isCluster } from './redis-client.js';
import { WriteBatch } from './write-batch.js';

export interface SupervisorOptions {
  readonly clock: Clock;
  /** Makes a client that has not begun to connect. */
  readonly create: () => RedisClient;
  /** After this many milliseconds an attempt that is neither ready nor ended is given up. */
  readonly attemptTimeoutMs: number;
  readonly onReady: () => void;
  /** The connection was lost, or an attempt to connect failed. */
  readonly onDown: () => void;
  /** Between 0 and 1, for jitter. Default `Math.random`. */
  readonly random?: () => number;
}

const CLOSE_WITHIN_MS = 200;
/** What the library says of a reply for which there is no command. */
const STRAY_REPLY = 'Command queue state error';

/**
 * Keeps one client connected, for ever and from any state.
 *
 * Each attempt has a client of its own: one that lost its connection, cannot connect or is stuck is thrown away. So
 * nothing depends on how the library comes back from states such as `end`, and a client that is ready has been
 * connected to one server process all along.
 */
export class Supervisor {
  private client: RedisClient | null = null;
  private order: OrderCheck;
  private readonly writes = new WriteBatch();
  private timer: Timer | null = null;
  private isUp = false;
  private hasFailed = false;
  private isWanted = false;
  /** The server answered the last attempt with an error, such as a wrong password: haste would only add to its log. */
  private isRefused = false;
  private isClosed = false;
  private downSinceMs: number;
  private attemptedAtMs = -Infinity;

  constructor(private readonly options: SupervisorOptions) {
    this.downSinceMs = options.clock.monotonicNow();
    this.order = this.newOrderCheck();
    this.attempt();
  }

  get isReady(): boolean {
    return this.isUp && this.client?.status === 'ready';
  }

  /** Not ready, but the last attempt to connect has not failed: it may be ready in a moment. */
  get isConnecting(): boolean {
    return !this.isReady && !this.hasFailed;
  }

  /** The client, if commands can be sent now. */
  take(): RedisClient | null {
    if (!this.client || !this.isReady) return null;
    this.writes.beforeCommand(this.client);
    this.order.beforeCommand(this.client);
    return this.client;
  }

  /** Somebody was turned away: the next attempt is made sooner, unless the server itself refused the last one. */
  want(): void {
    if (this.isWanted || this.client || this.isRefused || this.isClosed) return;
    this.isWanted = true;
    this.schedule();
  }

  /** Throws the present client away and connects anew. */
  reset(): void {
    if (this.client) this.discard(this.client);
  }

  /** Ends the client; resolves when its connection is closed, or after 200 ms. */
  async close(): Promise<void> {
    const { client } = this;
    this.isClosed = true;
    this.client = null;
    this.timer?.cancel();
    this.order.stop();
    if (!client || client.status === 'end') return;
    const { clock } = this.options;
    await new Promise<void>((resolve) => {
      const timer = clock.after(CLOSE_WITHIN_MS, resolve);
      client.once('end', () => {
        timer.cancel();
        resolve();
      });
      destroyClient(client);
    });
  }

  private attempt(): void {
    const { clock, attemptTimeoutMs, create } = this.options;
    this.timer?.cancel();
    this.attemptedAtMs = clock.monotonicNow();
    this.isWanted = false;
    this.isRefused = false;
    const client = create();
    this.client = client;
    this.order.stop();
    this.order = this.newOrderCheck();
    this.listen(client);
    this.timer = clock.after(attemptTimeoutMs, () => this.discard(client));
    // How it ends is told by the events; the same failure comes as a rejection too.
    client.connect().catch(() => {});
  }

  private listen(client: RedisClient): void {
    client.once('ready', () => {
      if (isCluster(client)) void connectMasters(client).then(() => this.becameReady(client));
      else this.becameReady(client);
    });
    client.once('end', () => this.ended(client));
    // Without a listener the library would end the process, or write to the console.
    client.on('error', (error: Error) => {
      if (error.name === 'ReplyError') this.isRefused = true;
      if (error.message.startsWith(STRAY_REPLY)) this.discard(client);
    });
    if (!isCluster(client)) return;
    watchNodes(client, (node, error) => {
      if (error.message.startsWith(STRAY_REPLY)) destroyStream(node);
    });
  }

  private becameReady(client: RedisClient): void {
    if (client !== this.client) return;
    this.timer?.cancel();
    this.isUp = true;
    this.hasFailed = false;
    this.options.onReady();
  }

  private discard(client: RedisClient): void {
    if (client !== this.client) return;
    destroyClient(client);
    this.ended(client);
  }

  private ended(client: RedisClient): void {
    if (client !== this.client) return;
    this.client = null;
    if (this.isUp) this.downSinceMs = this.options.clock.monotonicNow();
    this.hasFailed = !this.isUp;
    this.isUp = false;
    this.schedule();
    this.options.onDown();
  }

  private schedule(): void {
    const { clock, random = Math.random } = this.options;
    this.timer?.cancel();
    const nowMs = clock.monotonicNow();
    const delayMs = reconnectDelayMs(nowMs - this.downSinceMs, this.isWanted, random);
    this.timer = clock.after(Math.max(0, this.attemptedAtMs + delayMs - nowMs), () => this.attempt());
  }

  private newOrderCheck(): OrderCheck {
    return new OrderCheck(this.options.clock, (connection) => destroyStream(connection));
  }
}
