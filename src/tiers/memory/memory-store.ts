import { globMatcher } from '../../core/glob.js';
import type { Clock } from '../../core/ports/clock.js';
import type { Reply, Store, StoreHealth, StoreWrite } from '../../core/ports/store.js';
import { unavailable } from '../../core/resilience/unavailable.js';
import { BoundedEntries } from './bounded-entries.js';
import { MemoryChanges } from './memory-changes.js';
import { MemoryEntries } from './memory-entries.js';

export interface MemoryStoreOptions {
  /** Bound in bytes: values, keys and what an entry takes besides. 0: nothing is kept. */
  readonly maxBytes: number;
  /** Default: no bound but `maxBytes`. */
  readonly maxEntries?: number | undefined;
  /** What the keys of versions begin with: they have room of their own. Default: there are none. */
  readonly versionPrefix?: string | undefined;
  /** Its monotonic time decides what has expired. */
  readonly clock: Clock;
  /** An entry had to go for want of room. Told when the store is in order again. */
  readonly onEvicted?: ((key: string) => void) | undefined;
}

const INTEGER = /^(?:0|-?[1-9]\d*)$/;
/** Keys that one step looks at, which takes some milliseconds. */
const KEYS_PER_STEP = 4_000;

/**
 * A store in the memory of this process, with the semantics of Redis under `allkeys-lru`: bounded, the entries that
 * were used least recently go first. Bytes are copied in and out, so nothing a caller does to them is shared. All that
 * happens to a key is told before the call that did it is answered.
 */
export class MemoryStore implements Store {
  readonly mode = 'memory';
  readonly entries: MemoryEntries;
  readonly changes = new MemoryChanges();
  private readonly kept: BoundedEntries;
  private readonly clock: Clock;
  private readonly onEvicted: MemoryStoreOptions['onEvicted'];
  private evicted: string[] = [];
  private isClosed = false;

  constructor(options: MemoryStoreOptions) {
    this.clock = options.clock;
    this.onEvicted = options.onEvicted;
    this.kept = new BoundedEntries({
      ...options,
      onChanged: (key) => this.changes.note(key),
      onEvicted: options.onEvicted && ((key) => void this.evicted.push(key)),
    });
    this.entries = new MemoryEntries({ kept: this.kept, clock: this.clock, answer: (work) => this.answer(work) });
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
      if (this.kept.get(write.key)) return false;
      return this.kept.set(write.key, write.value, write.ttlMs);
    });
  }

  setMany(writes: readonly StoreWrite[]): Promise<Reply<boolean>> {
    return this.answer(() => {
      const areKept = writes.map(({ key, value, ttlMs }) => this.kept.set(key, value, ttlMs));
      return !areKept.includes(false);
    });
  }

  setManyOnce(writes: readonly StoreWrite[]): Promise<Reply<boolean>> {
    return this.setMany(writes);
  }

  extend(keys: readonly string[], ttlMs: number): Promise<Reply<true>> {
    return this.answer(() => {
      for (const key of keys) {
        const entry = this.kept.get(key);
        const expiresAtMs = this.clock.monotonicNow() + ttlMs;
        if (entry) this.kept.put(key, { ...entry, expiresAtMs, lease: entry.lease && { ...entry.lease, expiresAtMs } });
      }
      return true as const;
    });
  }

  delete(keys: readonly string[]): Promise<Reply<number>> {
    return this.answer(() => keys.filter((key) => this.kept.delete(key)).length);
  }

  increment(key: string, by: number, ttlMs: number): Promise<Reply<number>> {
    return this.answer(() => {
      const entry = this.kept.get(key);
      const text = entry ? (entry.value?.toString('latin1') ?? '') : '0';
      const [present, sum] = [Number(text), Number(text) + by];
      const isSafe = INTEGER.test(text) && Number.isSafeInteger(present) && Number.isSafeInteger(sum);
      const leftMs = entry ? this.kept.ttlLeftMs(entry) : ttlMs;
      if (!isSafe || !this.kept.set(key, Buffer.from(String(sum)), leftMs)) throw new RangeError('no safe integer');
      return sum;
    });
  }

  /** In steps, between which the event loop goes on. */
  async deleteMatching(pattern: string): Promise<{ readonly deleted: number; readonly complete: boolean }> {
    const isMatch = globMatcher(pattern);
    let left = this.kept.count;
    let deleted = 0;
    for (const key of this.kept.keys()) {
      if (isMatch(key) && this.kept.delete(key)) deleted++;
      // What was added meanwhile comes last, and is not asked for.
      if (--left === 0) break;
      if (left % KEYS_PER_STEP > 0) continue;
      this.changes.tell();
      await new Promise<void>((resolve) => this.clock.nextTurn(resolve));
    }
    this.changes.tell();
    return { deleted, complete: !this.isClosed };
  }

  health(): Promise<StoreHealth> {
    return Promise.resolve({
      connected: !this.isClosed,
      message: this.isClosed ? 'The cache is closed.' : 'Entries are kept in the memory of this process.',
      mode: this.mode,
      latencyMs: this.isClosed ? null : 0,
      breaker: 'closed',
      memory: { usedBytes: this.kept.bytes, maxBytes: this.kept.maxBytes, evictionPolicy: 'allkeys-lru' },
      connections: { open: 0, inFlight: 0, shed: 0 },
    });
  }

  /** This store is never away: the listener is never called. */
  onRecovered(_listener: () => void): () => void {
    return () => {};
  }

  close(): Promise<void> {
    this.isClosed = true;
    this.changes.close();
    this.kept.clear();
    return Promise.resolve();
  }

  private read(key: string): Buffer | null {
    const value = this.kept.get(key)?.value;
    return value ? Buffer.from(value) : null;
  }

  /** What cannot be done, for want of memory or because somebody took the bytes away, is refused like anything else. */
  private answer<T>(work: () => T): Promise<Reply<T>> {
    if (this.isClosed) return Promise.resolve(unavailable('closed'));
    try {
      return Promise.resolve({ ok: true, value: work() });
    } catch {
      return Promise.resolve(unavailable('rejected'));
    } finally {
      this.changes.tell();
      this.tellEvicted();
    }
  }

  private tellEvicted(): void {
    if (this.evicted.length === 0) return;
    const { evicted } = this;
    this.evicted = [];
    for (const key of evicted) this.onEvicted?.(key);
  }
}
