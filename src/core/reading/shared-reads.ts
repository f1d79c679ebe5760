import type { EntryAddress } from '../entry.js';
import type { ChangeFeed } from '../ports/change-feed.js';
import type { PendingInvalidations } from '../invalidation/pending-invalidations.js';
import type { ReadResult } from './read-result.js';
import type { Answered } from './store-reads.js';
import type { VersionTokens } from '../versions/version-tokens.js';

interface SharedRead {
  readonly address: EntryAddress;
  /** Who asked after the first one. */
  readonly sharing: Sharing[];
}

interface Sharing {
  readonly address: EntryAddress;
  readonly answered: Answered;
}

interface SharedReadsParts {
  readonly changes: ChangeFeed;
  readonly tokens: VersionTokens;
  readonly pending: PendingInvalidations;
  /** Asks the store. */
  readonly ask: (addresses: readonly [EntryAddress], answered: Answered) => void;
  /** The result for one more caller; `null`: it cannot be copied. */
  readonly copyOf: (address: EntryAddress, result: ReadResult) => ReadResult | null;
}

/**
 * Asks the store once for all who ask for one entry at the same time. Whoever asks after something was told to have
 * changed does not share a read from before that.
 */
export class SharedReads {
  private readonly reads = new Map<string, SharedRead>();

  constructor(private readonly parts: SharedReadsParts) {
    parts.changes.listen({ changed: (keys) => this.changed(keys), lost: () => this.reads.clear() });
  }

  /** Answers one result. Whoever asks first has it no later than without sharing, so that nobody overtakes. */
  read(address: EntryAddress): Promise<ReadResult[]> {
    return new Promise((answered) => {
      const running = this.reads.get(address.storageKey);
      // What an invalidation covers that is on its way must be seen to be covered, from before the read on.
      const isShared = running && isSame(running.address, address) && this.parts.pending.isEmpty;
      if (isShared) running.sharing.push({ address, answered });
      else this.begin(address, answered);
    });
  }

  private begin(address: EntryAddress, answered: Answered): void {
    const read: SharedRead = { address, sharing: [] };
    this.reads.set(address.storageKey, read);
    this.parts.ask([address], (results) => {
      if (this.reads.get(address.storageKey) === read) this.reads.delete(address.storageKey);
      answered(results);
      for (const sharing of read.sharing) this.share(results, sharing);
    });
  }

  private share([result]: readonly ReadResult[], { address, answered }: Sharing): void {
    const copied = result && this.parts.copyOf(address, result);
    if (copied) answered([copied]);
    else this.parts.ask([address], answered);
  }

  private changed(keys: readonly string[]): void {
    if (this.reads.size === 0) return;
    // Which of them are stamped with a version is known only when they have been read.
    if (keys.some((key) => this.parts.tokens.isStorageKey(key))) this.reads.clear();
    else for (const key of keys) this.reads.delete(key);
  }
}

const isSame = (a: EntryAddress, b: EntryAddress): boolean =>
  a.codec === b.codec &&
  a.isHeld === b.isHeld &&
  a.groups.length === b.groups.length &&
  a.groups.every((group, index) => group === b.groups[index]);
