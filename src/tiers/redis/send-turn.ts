import type { Clock } from '../../core/ports/clock.js';
import { NotConnectedError } from './command-failure.js';

/**
 * Tells commands that were never sent from those whose connection was lost. A cluster client rejects both with the same
 * error, but the former at once: in the turn of the event loop in which it was given the command.
 */
export class SendTurn {
  private turn = 0;
  private isCounting = false;

  constructor(private readonly clock: Clock) {}

  /** As `answer`, but rejects with `NotConnectedError` for a command that was never sent. */
  async watch<T>(answer: Promise<T>): Promise<T> {
    const sentIn = this.currentTurn();
    try {
      return await answer;
    } catch (error) {
      const isReply = error instanceof Error && error.name === 'ReplyError';
      if (isReply || this.turn !== sentIn) throw error;
      throw new NotConnectedError(false);
    }
  }

  private currentTurn(): number {
    if (!this.isCounting) {
      this.isCounting = true;
      this.clock.nextTurn(() => {
        this.turn++;
        this.isCounting = false;
      });
    }
    return this.turn;
  }
}
