import type { EntryAddress } from '../entry.js';
import { MemoryHits } from './memory-hits.js';
import type { FoundEntry, ReadResult } from './read-result.js';
import { SharedReads } from './shared-reads.js';
import type { Fence } from '../versions/stamp.js';
import { StoreReads, type StoreReadsParts } from './store-reads.js';

/**
 * The only walk through the tiers, and the only judge of freshness: what memory holds and the store vouches for is served
 * without asking the store, which is asked once for all who ask for the same at the same time.
 */
export class ReadPath {
  private readonly memoryHits: MemoryHits;
  private readonly stored: StoreReads;
  private readonly shared: SharedReads;

  constructor(parts: StoreReadsParts) {
    this.memoryHits = new MemoryHits(parts);
    this.stored = new StoreReads(parts);
    this.shared = new SharedReads({
      tokens: parts.tokens,
      pending: parts.pending,
      changes: parts.store.changes,
      ask: (addresses, answered) => this.stored.ask(addresses, answered),
      copyOf: (address, result) => this.copyOf(address, result),
    });
  }

  /** From memory where it can be and is as the caller wants it, else from the store. */
  read(addresses: readonly EntryAddress[], isWanted: (found: FoundEntry) => boolean = ANY): Promise<ReadResult[]> {
    const held = addresses.map((address) => {
      const found = this.fromMemory(address);
      return found && isWanted(found) ? found : null;
    });
    const asked = addresses.filter((_, index) => held[index] === null);
    if (asked.length === 0) return Promise.resolve(held as ReadResult[]);
    const [only] = asked;
    const reading = only && asked.length === 1 ? this.shared.read(only) : this.stored.read(asked);
    if (asked.length === addresses.length) return reading;
    return reading.then((results) => {
      const stored = results.values();
      return held.map((found) => found ?? (stored.next().value as ReadResult));
    });
  }

  /** What memory holds and vouches for; `null`: the store is to be asked. */
  fromMemory(address: EntryAddress): FoundEntry | null {
    return this.memoryHits.find(address);
  }

  /** Past memory. */
  readStore(addresses: readonly EntryAddress[]): Promise<ReadResult[]> {
    return this.stored.read(addresses);
  }

  /** The versions that are current, for what is stored without having been read. */
  fences(addresses: readonly EntryAddress[]): Promise<(Fence | null)[]> {
    return this.stored.fences(addresses);
  }

  private copyOf(address: EntryAddress, result: ReadResult): ReadResult | null {
    if (result.status === 'miss') return { ...result, address };
    const copied = this.memoryHits.copy(address, result.value);
    return copied && { ...result, address, value: copied.value };
  }
}

const ANY = (): boolean => true;
