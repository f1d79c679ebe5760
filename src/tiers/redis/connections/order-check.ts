import type { Redis } from 'ioredis';
import type { Clock, Timer } from '../../../core/ports/clock.js';
import type { RedisClient } from '../clients/load-ioredis.js';
import { mastersOf } from '../clients/redis-client.js';

const EVERY_MS = 250;

/**
 * Notices that answers and commands are out of step. A stray, doubled or lost reply shifts every later answer by one,
 * which neither the protocol nor the library notices: the values are right, but belong to other keys. So, while there
 * are commands, each connection is now and then asked to repeat a text that no other reply can be.
 */
export class OrderCheck {
  private pause: Timer | null = null;
  private count = 0;

  constructor(
    private readonly clock: Clock,
    private readonly onOutOfStep: (connection: Redis) => void,
    private readonly onError: (error: Error) => void = () => {},
  ) {}

  /** To be called with every command that is sent. */
  beforeCommand(client: RedisClient): void {
    if (this.pause) return;
    this.pause = this.clock.after(EVERY_MS, () => (this.pause = null));
    const text = `agent-cache:order-check:${++this.count}`;
    for (const connection of mastersOf(client)) {
      if (connection.status === 'ready') void this.check(connection, text);
    }
  }

  stop(): void {
    this.pause?.cancel();
  }

  /** An error says nothing of the order: servers may forbid the command. */
  private async check(connection: Redis, text: string): Promise<void> {
    const answer: unknown = await connection.echo(text).catch((error: Error) => {
      this.onError(error);
      return text;
    });
    if (answer !== text) this.onOutOfStep(connection);
  }
}
