import { globMatcher } from '../../core/glob.js';
import type { Clock } from '../../core/ports/clock.js';
import type { Reply, Store, StoreHealth, StoreWrite } from '../../core/ports/store.js';
import { unavailable } from '../../core/resilience/unavailable.js';
import { BoundedEntries } from './bounded-entries.js';

export interface MemoryStoreOptions {
  /** Bound in bytes: values, keys and what an entry takes besides. 0: every entry is evicted at once. */
  readonly maxBytes: number;
  /** Default: no bound but `maxBytes`. */
  readonly maxEntries?: number | undefined;
  /** Its monotonic time decides what has expired. */
  readonly clock: Clock;
}

const INTEGER = /^(?:0|-?[1-9]\d*)$/;

/**
 * A store in the memory of this process, with the semantics of Redis under `allkeys-lru`: bounded, the entries that
 * were used least recently go first. Bytes are copied in and out, so nothing a caller does to them is shared.
 *
 * A write answers `ok` even when the entry does not fit: it was stored and evicted at once, as Redis may do it too.
 */
export class MemoryStore implements Store {
  readonly mode = 'memory';
  private readonly entries: BoundedEntries;
  private isClosed = false;

  constructor(options: MemoryStoreOptions) {
    this.entries = new BoundedEntries(options);
  }

  get isAvailable(): boolean {
    return !this.isClosed;
  }

  get(key: string): Promise<Reply<Buffer | null>> {
    return this.answer(() => this.read(key));
  }

  getMany(keys: readonly string[]): Promise<Reply<(Buffer | null)[]>> {
    return this.answer(() => keys.map((key) => this.read(key)));
  }

  set(write: StoreWrite): Promise<Reply<true>> {
    return this.setMany([write]);
  }

  setIfAbsent(write: StoreWrite): Promise<Reply<boolean>> {
    return this.answer(() => {
      if (this.entries.get(write.key)) return false;
      this.entries.set(write.key, write.value, write.ttlMs);
      return true;
    });
  }

  setMany(writes: readonly StoreWrite[]): Promise<Reply<true>> {
    return this.answer(() => {
      for (const { key, value, ttlMs } of writes) this.entries.set(key, value, ttlMs);
      return true as const;
    });
  }

  setManyOnce(writes: readonly StoreWrite[]): Promise<Reply<true>> {
    return this.setMany(writes);
  }

  delete(keys: readonly string[]): Promise<Reply<number>> {
    return this.answer(() => keys.filter((key) => this.entries.delete(key)).length);
  }

  increment(key: string, by: number, ttlMs: number): Promise<Reply<number>> {
    if (this.isClosed) return Promise.resolve(unavailable('closed'));
    const entry = this.entries.get(key);
    const text = entry ? entry.value.toString('latin1') : '0';
    const sum = Number(text) + by;
    if (!INTEGER.test(text) || !Number.isSafeInteger(sum)) return Promise.resolve(unavailable('rejected'));
    this.entries.set(key, Buffer.from(String(sum)), entry ? this.entries.ttlLeftMs(entry) : ttlMs);
    return Promise.resolve({ ok: true, value: sum });
  }

  deleteMatching(pattern: string): Promise<{ readonly deleted: number; readonly complete: boolean }> {
    if (this.isClosed) return Promise.resolve({ deleted: 0, complete: false });
    const isMatch = globMatcher(pattern);
    const found = this.entries.keys().filter(isMatch);
    const deleted = found.filter((key) => this.entries.delete(key)).length;
    return Promise.resolve({ deleted, complete: true });
  }

  health(): Promise<StoreHealth> {
    return Promise.resolve({
      connected: !this.isClosed,
      message: this.isClosed ? 'The cache is closed.' : 'Entries are kept in the memory of this process.',
      mode: this.mode,
      latencyMs: this.isClosed ? null : 0,
      breaker: 'closed',
      memory: { usedBytes: this.entries.bytes, maxBytes: this.entries.maxBytes, evictionPolicy: 'allkeys-lru' },
      connections: { open: 0, inFlight: 0, shed: 0 },
    });
  }

  /** This store is never away: the listener is never called. */
  onRecovered(_listener: () => void): () => void {
    return () => {};
  }

  close(): Promise<void> {
    this.isClosed = true;
    this.entries.clear();
    return Promise.resolve();
  }

  private read(key: string): Buffer | null {
    const entry = this.entries.get(key);
    return entry ? Buffer.from(entry.value) : null;
  }

  private answer<T>(work: () => T): Promise<Reply<T>> {
    return Promise.resolve(this.isClosed ? unavailable('closed') : { ok: true, value: work() });
  }
}
