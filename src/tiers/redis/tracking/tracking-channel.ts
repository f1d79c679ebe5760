import type { Redis } from 'ioredis';
import type { ChangeListener } from '../../../core/ports/change-feed.js';
import type { Clock, Timer } from '../../../core/ports/clock.js';
import { Canaries, type CanariesParts } from './canaries.js';
import { classifyFailure } from '../clients/command-failure.js';
import { unrefStream } from '../clients/redis-client.js';
import { endAtNamelessMessages } from '../connections/stray-replies.js';
import { Supervisor, type SupervisorOptions } from '../connections/supervisor.js';

const CHANNEL = '__redis__:invalidate';
const CANARY_EVERY_MS = 100;
/** For how long an echo is trusted, from when its canary was sent. */
const LEASE_MS = 500;
/** A channel that does not tell of what the server has confirmed is deaf after this long. */
const DEAF_AFTER_MS = 1_000;
/** After so many deaf connections in a row the server is taken for one that cannot tell. */
const DEAF_COUNT = 3;

type ChannelSupervision = Pick<SupervisorOptions, 'create' | 'attemptTimeoutMs' | 'random'>;

export interface TrackingChannelParts extends CanariesParts, ChannelSupervision {
  /** Storage keys that begin so are told of. */
  readonly trackedPrefix: string;
  /** Keys that begin so are canaries, of this or another process. */
  readonly canaryPrefix: string;
  /** How long to wait before a server that has refused is asked again, in milliseconds. */
  readonly askAgainMs: number;
  readonly listener: ChangeListener;
  /** {@link TrackingChannel.freshUntilMs}, {@link TrackingChannel.isArmed} or {@link TrackingChannel.refusal} has changed. */
  readonly onState: () => void;
}

/**
 * Hears from one server what happens to keys, over a connection of its own: the server tells a client that tracks keys of
 * everything that changes them, broadcast by prefix.
 *
 * Tracking ends with the connection, and a connection that was made anew looks alive and is deaf. So each one is armed by
 * itself, and `lost` is told when one ends and again when the next one is armed. Whether it hears is not believed but
 * tested, by canaries.
 */
export class TrackingChannel {
  private readonly supervisor: Supervisor;
  private readonly canaries: Canaries;
  private readonly clock: Clock;
  private beat: Timer | null = null;
  private armed: Redis | null = null;
  private freshUntil = -Infinity;
  private refusedWith: string | null = null;
  private deafCount = 0;

  constructor(private readonly parts: TrackingChannelParts) {
    this.clock = parts.clock;
    this.canaries = new Canaries(parts);
    this.supervisor = new Supervisor({
      ...parts,
      onReady: () => void this.arm(),
      onDown: () => this.disarm(),
    });
  }

  /** Until when all that changes is told in time, as far as is known, in monotonic milliseconds. */
  get freshUntilMs(): number {
    return this.freshUntil;
  }

  get isArmed(): boolean {
    return this.armed !== null;
  }

  /** With what words the server has refused to tell of changes; `null`: it has not, or has told of some since. */
  get refusal(): string | null {
    return this.refusedWith;
  }

  /** The server can be reached again, as others have found. */
  hurry(): void {
    this.supervisor.want();
  }

  /** Whether all that had changed before the call has been told. Resolves when that is known, or the channel is lost. */
  caughtUp(): Promise<boolean> {
    return this.armed ? this.canaries.send() : Promise.resolve(false);
  }

  /** < 250 ms. */
  async close(): Promise<void> {
    this.disarm();
    await this.supervisor.close();
  }

  private async arm(): Promise<void> {
    const client = this.supervisor.take() as Redis | null;
    if (!client) return;
    unrefStream(client);
    endAtNamelessMessages(client);
    client.on('messageBuffer', (_channel: Buffer, keys: unknown) => {
      if (client === this.armed) this.heard(keys);
    });
    try {
      await this.track(client);
    } catch (error) {
      return this.failed(client, error as Error);
    }
    // It may have been lost meanwhile.
    if (client.status !== 'ready') return;
    this.armed = client;
    this.parts.listener.lost();
    this.parts.onState();
    this.sendCanary();
  }

  private async track(client: Redis): Promise<void> {
    const id = await client.client('ID');
    await client.call('CLIENT', 'TRACKING', 'ON', 'REDIRECT', id, 'BCAST', 'PREFIX', this.parts.trackedPrefix);
    await client.subscribe(CHANNEL);
  }

  private failed(client: Redis, error: Error): void {
    // One that was lost is made anew by itself.
    if (client.status !== 'ready') return;
    const { reason, isPassing } = classifyFailure(error);
    if (reason !== 'rejected' || isPassing) this.supervisor.reset();
    else this.refused(error.message);
  }

  private refused(words: string): void {
    this.refusedWith = words;
    this.parts.onState();
    this.supervisor.reset(this.parts.askAgainMs);
  }

  private disarm(): void {
    this.beat?.cancel();
    this.canaries.forgetAll();
    if (!this.armed) return;
    this.armed = null;
    this.freshUntil = -Infinity;
    this.parts.onState();
    this.parts.listener.lost();
  }

  private sendCanary(): void {
    this.beat = this.clock.after(CANARY_EVERY_MS, () => {
      // An echo may be waiting to be read.
      if (this.isDeaf) this.clock.nextTurn(() => this.isDeaf && this.gaveUp());
      this.sendCanary();
    });
    void this.canaries.send();
  }

  private get isDeaf(): boolean {
    const sinceMs = this.canaries.unheardSinceMs;
    return sinceMs !== null && this.clock.monotonicNow() - sinceMs > DEAF_AFTER_MS;
  }

  /** It may have been listening to a server that was replaced; only several in a row say something of the server. */
  private gaveUp(): void {
    if (++this.deafCount < DEAF_COUNT) this.supervisor.reset();
    else this.refused('it accepts tracking, but tells of nothing');
  }

  /** `null`: everything was deleted. */
  private heard(message: unknown): void {
    if (!Array.isArray(message)) return this.parts.listener.lost();
    const keys = message.map(String);
    this.parts.listener.changed(keys.filter((key) => !key.startsWith(this.parts.canaryPrefix)));
    for (const key of keys) this.echoed(this.canaries.heard(key));
  }

  private echoed(sentAtMs: number | null): void {
    if (sentAtMs === null || sentAtMs + LEASE_MS <= this.freshUntil) return;
    this.freshUntil = sentAtMs + LEASE_MS;
    this.deafCount = 0;
    this.refusedWith = null;
    this.parts.onState();
  }
}
