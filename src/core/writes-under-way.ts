import type { EntryAddress } from './entry.js';
import type { Group } from './groups.js';
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
  private readonly byKey = new Map<string, Set<WriteUnderWay>>();

  constructor(private readonly clock: Clock) {}

  begin(address: EntryAddress): WriteUnderWay {
    const write: WriteUnderWay = { address, isOvertaken: false, reply: null };
    const others = this.byKey.get(address.storageKey);
    if (others) others.add(write);
    else this.byKey.set(address.storageKey, new Set([write]));
    return write;
  }

  /** The store has replied, or will not be asked any more. */
  end(write: WriteUnderWay): void {
    const forget = (): void => this.forget([write]);
    if (!write.reply) return forget();
    void write.reply.then((reply) => (isInDoubt(reply) ? this.clock.after(DOUBT_MS, forget) : forget()));
  }

  /** They can do no harm any more, whenever they arrive. */
  forget(writes: readonly WriteUnderWay[]): void {
    for (const write of writes) {
      const { storageKey } = write.address;
      const ofKey = this.byKey.get(storageKey);
      ofKey?.delete(write);
      if (ofKey?.size === 0) this.byKey.delete(storageKey);
    }
  }

  /** Stops every write that `isCovered`. Returns those that the store was asked for already. */
  overtake(isCovered: (address: EntryAddress) => boolean): SentWrite[] {
    return stop([...this.byKey.values()].flatMap((writes) => [...writes].filter(({ address }) => isCovered(address))));
  }

  /** As {@link overtake}, for the writes of some keys. */
  overtakeKeys(storageKeys: Iterable<string>): SentWrite[] {
    return stop([...storageKeys].flatMap((storageKey) => [...(this.byKey.get(storageKey) ?? [])]));
  }
}

function stop(writes: readonly WriteUnderWay[]): SentWrite[] {
  for (const write of writes) write.isOvertaken = true;
  return writes.filter((write): write is SentWrite => write.reply !== null);
}

/** Whether a write may still be carried out, or once more. */
const isInDoubt = (reply: Reply<unknown>): boolean =>
  reply.ok ? reply.mayComeAgain === true : reply.reason === 'timeout' || reply.reason === 'connection-lost';

/** Namespaces of those that got no answer: a new version of them makes unusable what arrives late. */
export async function namespacesInDoubt(sent: readonly SentWrite[]): Promise<Group[]> {
  const groups = await Promise.all(
    sent.map(async ({ reply, address }) => (isInDoubt(await reply) ? address.groups.slice(0, 1) : [])),
  );
  return [...new Set(groups.flat())];
}
