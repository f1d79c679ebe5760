import type { Cluster, Redis } from 'ioredis';
import type { ResolvedRedisOptions } from '../../../core/policy/options.js';
import type { BreakerState, Reply, StoreHealth, UnavailableReason } from '../../../core/ports/store.js';
import { Availability } from '../../../core/resilience/availability.js';
import { Breaker } from '../../../core/resilience/breaker.js';
import { Guard } from '../../../core/resilience/guard.js';
import type { Effort, Fault } from '../../../core/resilience/guarded-call.js';
import { RESILIENCE_DEFAULTS } from '../../../core/resilience/resilience-defaults.js';
import { unavailable } from '../../../core/resilience/unavailable.js';
import { AccessRefusals } from '../connections/access-refusals.js';
import { readyOwners } from '../cluster/cluster-nodes.js';
import { classifyFailure, NotConnectedError } from '../clients/command-failure.js';
import type { ConnectRefusal } from '../connections/connect-refusal.js';
import { Connections } from '../connections/connections.js';
import { FirstAttempt } from '../connections/first-attempt.js';
import type { RedisClient } from '../clients/load-ioredis.js';
import { RecoveryProbe } from './recovery-probe.js';
import type { RedisParts } from '../redis-parts.js';
import { attemptTimeoutOf, mastersOf } from '../clients/redis-client.js';
import { Silence } from './silence.js';
import { type Question, SilentMasters } from './silent-masters.js';
import type { SupervisorOptions } from '../connections/supervisor.js';
import { Takeovers } from './takeovers.js';

/** Silence after which connections that look alive are thrown away, in milliseconds. */
const SILENCE_MS = 1_000;
/** For so long, a breaker that may be probed is left to the store alone, in milliseconds: a caller would pay for a failure. */
const HEAD_START_MS = 250;
/** How long closing waits for commands under way, in milliseconds. */
const DRAIN_MS = 200;

/**
 * Connections to Redis and the guard in front of them: runs commands that never reject and never take longer than the
 * deadline, keeps connecting in the background, and knows whether Redis can be used at the moment.
 *
 * Usable means: a connection is ready and the breaker is closed. Both heal by themselves: a lost connection is made
 * anew; an open breaker is probed, at once after an answer that comes late or with a new connection. What has answered
 * is usable again, not what was merely connected.
 */
export class GuardedRedis {
  private readonly connections: Connections;
  private readonly guard: Guard;
  private readonly breaker: Breaker;
  private readonly availability: Availability;
  /** Told of all that fails. */
  readonly refusals: AccessRefusals;
  private readonly takeovers = new Takeovers();
  private readonly silentMasters = new SilentMasters();
  private readonly isCluster: boolean;
  private readonly probe: RecoveryProbe;
  private readonly silence: Silence;
  private readonly firstAttempt: FirstAttempt;
  private closing: Promise<void> | null = null;

  /** `create`: makes a client that has not begun to connect. */
  constructor(create: () => RedisClient, options: ResolvedRedisOptions, parts: RedisParts) {
    const { clock, events, random = Math.random } = parts;
    const tuning = { ...RESILIENCE_DEFAULTS, ...parts.tuning };
    this.isCluster = options.topology.mode === 'cluster';
    this.availability = new Availability('redis', clock, events);
    this.refusals = new AccessRefusals(events);
    const heldOpen = { ...tuning, breakerOpenMs: tuning.breakerOpenMs + HEAD_START_MS };
    this.breaker = new Breaker(clock, heldOpen, (state, reason) => this.breakerChanged(state, reason));
    this.guard = new Guard({
      ...tuning,
      ...options,
      clock,
      random,
      breaker: this.breaker,
      classify: (error) => this.classify(error),
      isOneServer: !this.isCluster,
      onAnswered: () => this.availability.up(),
      onOutOfStep: () => this.connections.reset(),
    });
    this.probe = new RecoveryProbe(clock, tuning.breakerOpenMs, () => this.askWhetherAlive());
    this.silence = new Silence(clock);
    this.firstAttempt = new FirstAttempt(clock);
    this.connections = this.connect({ clock, random, create: () => this.takeovers.watch(create()) }, options);
  }

  private connect(
    parts: Pick<SupervisorOptions, 'clock' | 'random' | 'create'>,
    options: ResolvedRedisOptions,
  ): Connections {
    return new Connections(options.connections, {
      ...parts,
      attemptTimeoutMs: attemptTimeoutOf(options),
      onReady: () => this.becameReady(),
      onDown: (refusal) => this.wentDown(refusal),
      onError: (error) => this.refusals.observe(error),
    });
  }

  private classify(error: unknown): Fault {
    this.refusals.observe(error);
    return classifyFailure(error);
  }

  get isClosed(): boolean {
    return this.closing !== null;
  }

  /** A connection is ready. */
  get isReady(): boolean {
    return this.connections.isReady;
  }

  /** A connection is ready and the breaker is closed. */
  get isUsable(): boolean {
    return this.isReady && this.breaker.state === 'closed';
  }

  get breakerState(): BreakerState {
    return this.breaker.state;
  }

  get counts(): StoreHealth['connections'] {
    return { open: this.connections.readyCount, inFlight: this.guard.inFlight, shed: this.guard.shedCount };
  }

  /**
   * Runs `command`, which is about `keys`, on the next client. Without a connection, or without one to the node of a
   * cluster that holds a key, it answers at once, and connecting is hurried on.
   */
  run<T>(
    command: (client: RedisClient) => Promise<T>,
    effort: Effort<T>,
    keys: readonly string[] = [],
  ): Promise<Reply<T>> {
    if (this.closing) return Promise.resolve(unavailable('closed'));
    if (!this.connections.isReady) {
      this.connections.want();
      return Promise.resolve(unavailable('disconnected'));
    }
    if (this.isCluster && keys.length > 0) return this.runOnMasters(command, effort, keys);
    return this.guard.run(() => command(this.connections.take()), effort);
  }

  /** A client for commands that belong together, each to be sent through {@link run}. `null`: none is ready. */
  pin(): RedisClient | null {
    return this.connections.isReady ? this.connections.take() : null;
  }

  /** Makes all connections anew. */
  reset(): void {
    this.connections.reset();
  }

  /** Whether the first attempt to connect succeeded. Waits for its end, `withinMs` milliseconds at most. */
  ready(withinMs: number): Promise<boolean> {
    return this.isReady ? Promise.resolve(true) : this.firstAttempt.succeeded(withinMs);
  }

  /** See `Store.onRecovered`. Listeners also hear of the first time that Redis can be used. */
  onRecovered(listener: () => void): () => void {
    return this.availability.onRecovered(listener);
  }

  /** Calls `listener` when another server may answer for some keys, though Redis was not lost. */
  onTakeover(listener: () => void): () => void {
    return this.takeovers.listen(listener);
  }

  close(): Promise<void> {
    this.closing ??= this.end();
    return this.closing;
  }

  /** In a cluster: on the masters that hold the keys. */
  private runOnMasters<T>(
    command: (client: RedisClient) => Promise<T>,
    effort: Effort<T>,
    keys: readonly string[],
  ): Promise<Reply<T>> {
    const { connections, silentMasters } = this;
    if (!silentMasters.areNone && silentMasters.hold(connections.take() as Cluster, keys))
      return Promise.resolve(unavailable('breaker-open'));
    let question: Question | null = null;
    const send = (): Promise<T> => {
      const taken = connections.takeWhere((client) => askable(client as Cluster, keys));
      if (!taken) {
        // The library would send it to any node, be redirected, and find out with the next connection.
        connections.want();
        throw new NotConnectedError(false);
      }
      question = silentMasters.question(taken.cluster, taken.masters);
      return command(taken.cluster);
    };
    return this.guard.run(send, { ...effort, unanswered: () => question && silentMasters.unanswered(question) });
  }

  private async end(): Promise<void> {
    this.probe.stop();
    this.availability.stop();
    this.firstAttempt.ended(false);
    await this.guard.close(DRAIN_MS);
    await this.connections.close();
  }

  private becameReady(): void {
    this.firstAttempt.ended(true);
    this.breaker.revived();
    this.probe.runSoon();
    // The others may still be connected to a master that was replaced.
    if (this.connections.readyCount > 1) this.takeovers.happened();
  }

  private wentDown(refusal: ConnectRefusal | null): void {
    if (this.connections.isReady) return;
    this.firstAttempt.ended(false);
    if (refusal === null || refusal === 'no-greeting') this.availability.down(refusal ?? 'disconnected');
    else this.availability.refused(refusal);
  }

  private breakerChanged(state: BreakerState, reason: UnavailableReason | null): void {
    this.silence.observe(this.guard.answerCount);
    this.probe.breakerChanged(state);
    if (state === 'open') this.availability.down(reason ?? 'timeout');
  }

  private async askWhetherAlive(): Promise<void> {
    if (!this.connections.isReady) return;
    this.breaker.revived();
    const reply = await this.run((client) => this.pingAll(client), { idempotent: false });
    const silentMs = this.silence.observe(this.guard.answerCount);
    if (!reply.ok && reply.reason === 'timeout' && silentMs >= SILENCE_MS) this.connections.reset();
  }

  /** A node of a cluster that is away, or silent, has its own way back; the others are asked. */
  private pingAll(client: RedisClient): Promise<unknown> {
    const ready = mastersOf(client).filter(({ status }) => status === 'ready');
    if (ready.length === 0) throw new NotConnectedError(false);
    const heard = ready.filter((master) => !this.silentMasters.isSilent(master));
    return Promise.all((heard.length > 0 ? heard : ready).map((master) => master.ping()));
  }
}

/** Of several connections to a cluster, one may know already where keys have gone. `null`: this one does not. */
function askable(cluster: Cluster, keys: readonly string[]): { cluster: Cluster; masters: readonly Redis[] } | null {
  const masters = readyOwners(cluster, keys);
  return masters && { cluster, masters };
}
