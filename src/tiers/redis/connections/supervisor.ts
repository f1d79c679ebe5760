import type { Clock, Timer } from '../../../core/ports/clock.js';
import type { ConnectRefusal } from './connect-refusal.js';
import { Connection } from './connection.js';
import type { RedisClient } from '../clients/load-ioredis.js';
import { reconnectDelayMs } from './reconnect-delay.js';

export interface SupervisorOptions {
  readonly clock: Clock;
  /** Makes a client that has not begun to connect. */
  readonly create: () => RedisClient;
  /** After this many milliseconds an attempt that is neither ready nor ended is given up. */
  readonly attemptTimeoutMs: number;
  readonly onReady: () => void;
  /** The connection was lost, or an attempt to connect failed; for that with what is known of the cause, else `null`. */
  readonly onDown: (refusal: ConnectRefusal | null) => void;
  /** What connections fail with, and what the servers refuse while they are made. */
  readonly onError?: (error: Error) => void;
  /** Between 0 and 1, for jitter. Default `Math.random`. */
  readonly random?: () => number;
}

/** A connection that is lost sooner was of no use: whatever took it may take the next one too. */
const BRIEF_MS = 1_000;

/**
 * Keeps one connection up, for ever and from any state.
 *
 * Each attempt has a client of its own: one that lost its connection, cannot connect or is stuck is thrown away. So
 * nothing depends on how the library comes back from states such as `end`, and a client that is ready has been
 * connected to one server process all along.
 */
export class Supervisor {
  /** `null` between two attempts. */
  private connection: Connection | null = null;
  private timer: Timer | null = null;
  /** Since when the present connection, or else the last one, is ready; `null`: it never was. */
  private readyAtMs: number | null = null;
  /** Connections in a row that were lost soon after they were ready. */
  private briefCount = 0;
  private hasFailed = false;
  private isWanted = false;
  private isRefused = false;
  private isClosed = false;
  private downSinceMs: number;
  private attemptedAtMs = -Infinity;
  private notBeforeMs = -Infinity;

  constructor(private readonly options: SupervisorOptions) {
    this.downSinceMs = options.clock.monotonicNow();
    this.attempt();
  }

  get isReady(): boolean {
    return this.connection?.isReady ?? false;
  }

  /** Not ready, but nothing has failed lately: it may be ready in a moment. */
  get isConnecting(): boolean {
    return !this.isReady && !this.hasFailed;
  }

  /** The client, if commands can be sent now. */
  take(): RedisClient | null {
    return this.connection?.isReady ? this.connection.take() : null;
  }

  /** Somebody was turned away: what is missing is tried sooner, unless the server itself refused the last attempt. */
  want(): void {
    if (this.connection) return this.connection.hurry();
    if (this.isWanted || this.isRefused || this.isClosed) return;
    this.isWanted = true;
    this.schedule();
  }

  /** Throws the present connection away and makes a new one, `pauseMs` milliseconds from now at the earliest. */
  reset(pauseMs = 0): void {
    this.notBeforeMs = this.options.clock.monotonicNow() + pauseMs;
    void this.connection?.destroy();
  }

  /** Ends the connection and makes no other; < 250 ms. */
  async close(): Promise<void> {
    this.isClosed = true;
    this.timer?.cancel();
    await this.connection?.destroy();
  }

  private attempt(): void {
    const { clock, attemptTimeoutMs, create, onError } = this.options;
    this.attemptedAtMs = clock.monotonicNow();
    this.readyAtMs = null;
    this.isWanted = false;
    this.timer = clock.after(attemptTimeoutMs, () => this.reset());
    this.connection = new Connection(create(), clock, {
      onReady: () => this.becameReady(),
      onEnd: () => this.ended(),
      ...(onError && { onError }),
    });
  }

  private becameReady(): void {
    this.timer?.cancel();
    this.readyAtMs = this.options.clock.monotonicNow();
    this.hasFailed = false;
    this.options.onReady();
  }

  private ended(): void {
    this.timer?.cancel();
    this.isRefused = this.connection?.isRefused ?? false;
    const refusal = this.connection?.refusal ?? null;
    this.connection = null;
    if (this.isClosed) return;
    if (this.readyAtMs !== null) this.lost(this.readyAtMs);
    this.hasFailed = this.readyAtMs === null || this.briefCount > 1;
    this.schedule();
    this.options.onDown(refusal);
  }

  private lost(readyAtMs: number): void {
    const nowMs = this.options.clock.monotonicNow();
    this.briefCount = nowMs - readyAtMs < BRIEF_MS ? this.briefCount + 1 : 0;
    if (this.briefCount <= 1) this.downSinceMs = nowMs;
  }

  private schedule(): void {
    const { clock, random = Math.random } = this.options;
    this.timer?.cancel();
    const nowMs = clock.monotonicNow();
    const { isWanted, briefCount } = this;
    const delayMs = reconnectDelayMs({ downMs: nowMs - this.downSinceMs, isWanted, briefCount }, random);
    const atMs = Math.max(this.attemptedAtMs + delayMs, this.notBeforeMs);
    this.timer = clock.after(Math.max(0, atMs - nowMs), () => this.attempt());
  }
}
