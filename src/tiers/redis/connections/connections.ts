import { NotConnectedError } from '../clients/command-failure.js';
import type { RedisClient } from '../clients/load-ioredis.js';
import { Supervisor, type SupervisorOptions } from './supervisor.js';

/** Some connections to the same place, used in turn. */
export class Connections {
  private readonly supervisors: readonly Supervisor[];
  private turn = 0;

  constructor(count: number, options: SupervisorOptions) {
    this.supervisors = Array.from({ length: count }, () => new Supervisor(options));
  }

  get readyCount(): number {
    return this.supervisors.filter(({ isReady }) => isReady).length;
  }

  get isReady(): boolean {
    return this.supervisors.some(({ isReady }) => isReady);
  }

  /** The next client that is ready. Throws `NotConnectedError` when none is. */
  take(): RedisClient {
    return this.takeWhere((client) => client) as RedisClient;
  }

  /** What `choose` makes of the next client that is ready and for which that is not `null`. Throws as {@link take} does. */
  takeWhere<T>(choose: (client: RedisClient) => T | null): T | null {
    let isAnyReady = false;
    for (let tries = 0; tries < this.supervisors.length; tries++) {
      this.turn = (this.turn + 1) % this.supervisors.length;
      const client = this.supervisors[this.turn]?.take();
      if (!client) continue;
      isAnyReady = true;
      const chosen = choose(client);
      if (chosen !== null) return chosen;
    }
    if (isAnyReady) return null;
    throw new NotConnectedError(this.supervisors.some(({ isConnecting }) => isConnecting));
  }

  /** Somebody was turned away: those that are down are tried again sooner. */
  want(): void {
    for (const supervisor of this.supervisors) supervisor.want();
  }

  /** Connects all anew. */
  reset(): void {
    for (const supervisor of this.supervisors) supervisor.reset();
  }

  async close(): Promise<void> {
    await Promise.all(this.supervisors.map((supervisor) => supervisor.close()));
  }
}
