import type { Redis } from 'ioredis';
import type { EventSink } from '../../../core/events.js';
import type { Clock } from '../../../core/ports/clock.js';
import { within } from '../../../core/resilience/within.js';
import type { ChangeListeners } from '../../change-listeners.js';
import { readyOwners } from '../cluster/cluster-nodes.js';
import type { GuardedRedis } from '../guard/guarded-redis.js';
import type { Masters } from './masters.js';
import { isCluster } from '../clients/redis-client.js';
import type { TrackingOptions } from '../redis-parts.js';
import { TrackingChannel } from './tracking-channel.js';
import { TrackingRefusal } from './tracking-refusal.js';

/** How long a canary stays in the store, in milliseconds. */
const CANARY_TTL_MS = 3_000;
const ASK_AGAIN_MS = 30_000;

export interface TrackingParts extends TrackingOptions {
  readonly clock: Clock;
  readonly events: EventSink;
  readonly random: () => number;
  readonly prefix: string;
  readonly masters: Masters;
  /** The data connections. */
  readonly redis: GuardedRedis;
  /** Makes a client for a channel to one master. */
  readonly create: (address: string) => Redis;
  readonly attemptTimeoutMs: number;
  /** What {@link Tracking.settled} may take, in milliseconds. */
  readonly timeoutMs: number;
  readonly listeners: ChangeListeners;
}

/** Keys that begin so are canaries of some process. */
export const canaryPrefixOf = (prefix: string): string => `${prefix}:~c:`;

/** Hears from every master what happens to keys under a prefix. What is heard is whole only while all of them are heard. */
export class Tracking {
  private readonly channels = new Map<string, TrackingChannel>();
  private readonly refusal: TrackingRefusal;
  private readonly canaryPrefix: string;
  private readonly stopListening: () => void;
  private canaryCount = 0;
  private freshUntilMs = -Infinity;
  private asking: Promise<boolean> | null = null;
  private isClosed = false;

  /** Begins to connect; waits for nothing. */
  constructor(private readonly parts: TrackingParts) {
    this.refusal = new TrackingRefusal(parts);
    this.canaryPrefix = `${canaryPrefixOf(parts.prefix)}${crypto.randomUUID()}:`;
    this.stopListening = parts.redis.onRecovered(() => {
      for (const channel of this.channels.values()) channel.hurry();
    });
    this.mastersChanged();
  }

  isFresh(readAtMs: number): boolean {
    const nowMs = this.parts.clock.monotonicNow();
    return nowMs < this.freshUntilMs || this.refusal.isShortLivedAt(nowMs, readAtMs);
  }

  /** Those who ask in one turn of the event loop share the answer: the question is sent when all have asked. */
  settled(): Promise<boolean> {
    this.asking ??= Promise.resolve().then(() => {
      this.asking = null;
      return this.ask();
    });
    return this.asking;
  }

  /** Keys may have gone from one server to another: what was heard says nothing of them. */
  mastersChanged(): void {
    if (this.isClosed) return;
    const { all } = this.parts.masters;
    for (const [address, channel] of this.channels) {
      if (all.some((master) => master.address === address)) continue;
      this.channels.delete(address);
      void channel.close();
    }
    for (const { address } of all) if (!this.channels.has(address)) this.channels.set(address, this.listenTo(address));
    this.stateChanged();
    this.parts.listeners.lost();
  }

  /** < 250 ms. */
  async close(): Promise<void> {
    this.isClosed = true;
    this.stopListening();
    await Promise.all([...this.channels.values()].map((channel) => channel.close()));
  }

  private async ask(): Promise<boolean> {
    const { clock, timeoutMs } = this.parts;
    const channels = [...this.channels.values()];
    if (channels.length === 0 || !channels.every(({ isArmed }) => isArmed)) return false;
    const all = Promise.all(channels.map((channel) => channel.caughtUp()));
    return within(
      clock,
      timeoutMs,
      all.then((answers) => answers.every(Boolean)),
      false,
    );
  }

  private listenTo(address: string): TrackingChannel {
    const { prefix, create, askAgainMs = ASK_AGAIN_MS } = this.parts;
    return new TrackingChannel({
      ...this.parts,
      askAgainMs,
      create: () => create(address),
      trackedPrefix: `${prefix}:`,
      canaryPrefix: canaryPrefixOf(prefix),
      nextKey: () => this.nextCanaryKey(address),
      write: (key) => this.writeCanary(address, key),
      listener: this.parts.listeners,
      onState: () => this.stateChanged(),
    });
  }

  private nextCanaryKey(address: string): string {
    const tag = this.keyTagOf(address);
    return `${this.canaryPrefix}${tag ? `{${tag}}:` : ''}${++this.canaryCount}`;
  }

  /**
   * Over a data connection, because what counts is whether the channel hears what those write; past the guard, because a
   * store that is overloaded must not lose what keeps load away from it. One that is away is not asked again and again.
   */
  private async writeCanary(address: string, key: string): Promise<boolean> {
    const { redis } = this.parts;
    const client = redis.isUsable && this.keyTagOf(address) !== null ? redis.pin() : null;
    if (!client || (isCluster(client) && !readyOwners(client, [key]))) return false;
    try {
      return (await client.set(key, '', 'PX', CANARY_TTL_MS)) === 'OK';
    } catch (error) {
      redis.refusals.observe(error);
      return false;
    }
  }

  private keyTagOf(address: string): string | null {
    return this.parts.masters.all.find((master) => master.address === address)?.keyTag ?? null;
  }

  private stateChanged(): void {
    const channels = [...this.channels.values()];
    const isKnown = channels.length > 0 && !this.isClosed;
    this.freshUntilMs = isKnown ? Math.min(...channels.map(({ freshUntilMs }) => freshUntilMs)) : -Infinity;
    if (!this.isClosed) this.refusal.changed(channels.map(({ refusal }) => refusal));
  }
}
