import type { EntryAddress } from './entry.js';
import { MemoryHits } from './memory-hits.js';
import type { FoundEntry, ReadResult } from './read-result.js';
import { SharedReads } from './shared-reads.js';
import type { Fence } from './stamp.js';
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
      read: (addresses) => this.stored.read(addresses),
      copyOf: (address, result) => this.copyOf(address, result),
    });
  }

  /** From memory where it can be, else from the store. */
  async read(addresses: readonly EntryAddress[]): Promise<ReadResult[]> {
    const held = addresses.map((address) => this.fromMemory(address));
    const asked = addresses.filter((_, index) => held[index] === null);
    if (asked.length === 0) return held as ReadResult[];
    const [only] = asked;
    const results = await (only && asked.length === 1 ? this.shared.read(only) : this.stored.read(asked));
    const stored = results.values();
    return held.map((found) => found ?? (stored.next().value as ReadResult));
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
