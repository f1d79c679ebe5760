import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultProxy } from '../support/fault-proxy.js';
import type { RedisServer } from '../support/redis-server.js';
import type { Random } from './random.js';
import type { Truth } from './truth.js';
import { GROUPS } from './world.js';

/** The connection over which a server tells of changes. */
const CHANNEL = /TRACKING/i;
const ALL_BUT_CHANNEL = /^(?![^]*TRACKING)/i;

interface DisturbanceParts {
  readonly server: RedisServer;
  /** In front of one of the participants. */
  readonly proxy: FaultProxy;
  readonly truth: Truth;
  readonly prefix: string;
}

/** What happens, and how often in comparison. */
export type Faults = Readonly<Record<keyof Disturbance['faults'], number>>;

export const ALL_FAULTS: Faults = { stall: 35, lag: 25, reset: 4, deafen: 4, pause: 3, forget: 15 };
const NO_FAULTS: Faults = { stall: 0, lag: 0, reset: 0, deafen: 0, pause: 0, forget: 0 };
export const ONLY_STALLS: Faults = { ...NO_FAULTS, stall: 1 };
export const ONLY_LAGS: Faults = { ...NO_FAULTS, lag: 1 };

/** Disturbs a race, one fault after another. */
export class Disturbance {
  /** Each resolves when it is over. */
  readonly faults = {
    /** The channel of one participant is late. */
    stall: () => this.stall(),
    /** All else that comes to it is late. */
    lag: () => this.lag(),
    /** Its connections break. */
    reset: async () => this.parts.proxy.resetAll(),
    /** The channels of all break. */
    deafen: async () => void (await this.parts.server.command('CLIENT', 'KILL', 'TYPE', 'pubsub')),
    /** The server hangs, so that commands time out and come later. */
    pause: () => this.pause(),
    /** The version of a group is evicted. */
    forget: () => this.parts.truth.deleteOutside([`${this.parts.prefix}:~v:${this.random.of(GROUPS)}`]),
  };
  readonly counts: Record<string, number> = {};
  private isWanted = false;
  private running: Promise<void> = Promise.resolve();
  private stop = new AbortController();

  constructor(
    private readonly random: Random,
    private readonly parts: DisturbanceParts,
    private readonly weights: Faults,
  ) {}

  begin(): void {
    this.isWanted = true;
    this.stop = new AbortController();
    this.running = this.disturb();
  }

  /** Resolves when all is well again. */
  async end(): Promise<void> {
    this.isWanted = false;
    this.stop.abort();
    await this.running;
  }

  private async disturb(): Promise<void> {
    while (this.isWanted) {
      const fault = this.random.weighted(this.weights);
      this.counts[fault] = (this.counts[fault] ?? 0) + 1;
      await this.faults[fault]();
      await this.wait(this.random.integer(50, 500));
    }
  }

  private async stall(): Promise<void> {
    const ms = this.random.chance(0.3) ? this.random.integer(5, 100) : this.random.integer(300, 2_500);
    this.parts.proxy.stall(CHANNEL);
    await this.wait(ms);
    await this.parts.proxy.heal();
  }

  private async lag(): Promise<void> {
    this.parts.proxy.lag(this.random.chance(0.15) ? 140 : this.random.integer(3, 30), ALL_BUT_CHANNEL);
    await this.wait(this.random.integer(300, 1_500));
    await this.parts.proxy.heal();
  }

  private async pause(): Promise<void> {
    this.parts.server.pause();
    await this.wait(this.random.integer(120, 350));
    this.parts.server.resume();
  }

  /** Ends early when the disturbance does. */
  private async wait(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.stop.signal }).catch(() => undefined);
  }
}
