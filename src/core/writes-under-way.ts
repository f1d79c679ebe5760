import type { EntryAddress } from './entry.js';
import type { Clock } from './ports/clock.js';
import type { Reply } from './ports/store.js';

/** A result on its way into the store: from when it begins to come about until the store has replied. */
export interface WriteUnderWay {
  readonly address: EntryAddress;
  /** An invalidation, or something newer under the same key, came meanwhile: it is not to be stored. */
  isOvertaken: boolean;
  /** What the store says to it; `null`: it was not asked yet. */
  reply: Promise<Reply<boolean>> | null;
}

/** One that the store was asked for already. */
export type SentWrite = WriteUnderWay & { readonly reply: Promise<Reply<boolean>> };

/** How long a write without an answer may still reach the store, in milliseconds. */
const DOUBT_MS = 10_000;

/**
 * All that this instance is about to store. Group versions keep an outdated result out by themselves; for keys and
 * patterns this is what does: what was not handed to the store yet is stopped, and the rest is known, so that it can be
 * deleted after it has arrived. A write without an answer is remembered for a while, because it may arrive late.
 */
export class WritesUnderWay {
  private readonly writes = new Set<WriteUnderWay>();

  constructor(private readonly clock: Clock) {}

  begin(address: EntryAddress): WriteUnderWay {
    const write: WriteUnderWay = { address, isOvertaken: false, reply: null };
    this.writes.add(write);
    return write;
  }

  /** The store has replied, or will not be asked any more. */
  end(write: WriteUnderWay): void {
    const forget = (): void => void this.writes.delete(write);
    if (!write.reply) return forget();
    void write.reply.then((reply) => (isInDoubt(reply) ? this.clock.after(DOUBT_MS, forget) : forget()));
  }

  /** Stops every write that `isCovered`. Returns those that the store was asked for already. */
  overtake(isCovered: (address: EntryAddress) => boolean): SentWrite[] {
    const covered = [...this.writes].filter(({ address }) => isCovered(address));
    for (const write of covered) write.isOvertaken = true;
    return covered.filter((write): write is SentWrite => write.reply !== null);
  }
}

/** Whether a write may or may not have been carried out, or may be still. */
export const isInDoubt = (reply: Reply<unknown>): boolean =>
  !reply.ok && (reply.reason === 'timeout' || reply.reason === 'connection-lost');
