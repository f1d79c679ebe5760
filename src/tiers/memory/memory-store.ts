import { globMatcher } from '../../core/glob.js';
import type { Clock } from '../../core/ports/clock.js';
import type { Reply, Store, StoreHealth, StoreWrite } from '../../core/ports/store.js';
import { unavailable } from '../../core/resilience/unavailable.js';
import { BoundedEntries } from './bounded-entries.js';

export interface MemoryStoreOptions {
  /** Bound in bytes: values, keys and what an entry takes besides. 0: nothing is kept. */
  readonly maxBytes: number;
  /** Default: no bound but `maxBytes`. */
  readonly maxEntries?: number | undefined;
  /** Its monotonic time decides what has expired. */
  readonly clock: Clock;
}

const INTEGER = /^(?:0|-?[1-9]\d*)$/;
/** Keys that one step looks at, which takes some milliseconds. */
const KEYS_PER_STEP = 4_000;

/**
 * A store in the memory of this process, with the semantics of Redis under `allkeys-lru`: bounded, the entries that
 * were used least recently go first. Bytes are copied in and out, so nothing a caller does to them is shared.
 */
export class MemoryStore implements Store {
  readonly mode = 'memory';
  private readonly entries: BoundedEntries;
  private isClosed = false;

  constructor(private readonly options: MemoryStoreOptions) {
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

  set(write: StoreWrite): Promise<Reply<boolean>> {
    return this.setMany([write]);
  }

  setIfAbsent(write: StoreWrite): Promise<Reply<boolean>> {
    return this.answer(() => {
      if (this.entries.get(write.key)) return false;
      return this.entries.set(write.key, write.value, write.ttlMs);
    });
  }

  setMany(writes: readonly StoreWrite[]): Promise<Reply<boolean>> {
    return this.answer(() => {
      const areKept = writes.map(({ key, value, ttlMs }) => this.entries.set(key, value, ttlMs));
      return !areKept.includes(false);
    });
  }

  setManyOnce(writes: readonly StoreWrite[]): Promise<Reply<boolean>> {
    return this.setMany(writes);
  }

  extend(keys: readonly string[], ttlMs: number): Promise<Reply<true>> {
    return this.answer(() => {
      for (const key of keys) {
        const entry = this.entries.get(key);
        if (entry) this.entries.set(key, entry.value, ttlMs);
      }
      return true as const;
    });
  }

  delete(keys: readonly string[]): Promise<Reply<number>> {
    return this.answer(() => keys.filter((key) => this.entries.delete(key)).length);
  }

  increment(key: string, by: number, ttlMs: number): Promise<Reply<number>> {
    if (this.isClosed) return Promise.resolve(unavailable('closed'));
    const entry = this.entries.get(key);
    const text = entry ? entry.value.toString('latin1') : '0';
    const [present, sum] = [Number(text), Number(text) + by];
    const isSafe = INTEGER.test(text) && Number.isSafeInteger(present) && Number.isSafeInteger(sum);
    const isKept =
      isSafe && this.entries.set(key, Buffer.from(String(sum)), entry ? this.entries.ttlLeftMs(entry) : ttlMs);
    return Promise.resolve(isKept ? { ok: true, value: sum } : unavailable('rejected'));
  }

  /** In steps, between which the event loop goes on. */
  async deleteMatching(pattern: string): Promise<{ readonly deleted: number; readonly complete: boolean }> {
    const isMatch = globMatcher(pattern);
    let left = this.entries.count;
    let deleted = 0;
    for (const key of this.entries.keys()) {
      if (isMatch(key) && this.entries.delete(key)) deleted++;
      // What was added meanwhile comes last, and is not asked for.
      if (--left === 0) break;
      if (left % KEYS_PER_STEP === 0) await new Promise<void>((resolve) => this.options.clock.nextTurn(resolve));
    }
    return { deleted, complete: !this.isClosed };
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

  /** What cannot be done, for want of memory or because somebody took the bytes away, is refused like anything else. */
  private answer<T>(work: () => T): Promise<Reply<T>> {
    if (this.isClosed) return Promise.resolve(unavailable('closed'));
    try {
      return Promise.resolve({ ok: true, value: work() });
    } catch {
      return Promise.resolve(unavailable('rejected'));
    }
  }
}
