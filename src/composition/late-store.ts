import type { EntryStore } from '../core/ports/entry-store.js';
import type { Reply, Store, StoreHealth, StoreMode, StoreWrite } from '../core/ports/store.js';
import { openingStore } from '../tiers/closed-store.js';
import { LateChanges } from './late-changes.js';

/** A store that is still being opened: until then it answers like one without a connection. */
export class LateStore implements Store {
  readonly entries: EntryStore;
  readonly changes: LateChanges;
  private store: Store;
  private isClosed = false;
  private readonly listeners = new Set<() => void>();

  /** `opening` must not reject. `mode`: what the store is meant to be. */
  constructor(mode: StoreMode, opening: Promise<Store>) {
    this.store = openingStore(mode);
    this.changes = new LateChanges(this.store.changes);
    this.entries = entriesOf(() => this.store);
    void opening.then((store) => {
      if (this.isClosed) return void store.close();
      this.store = store;
      for (const listener of this.listeners) store.onRecovered(listener);
      this.changes.opened(store.changes);
    });
  }

  get isAvailable(): boolean {
    return this.store.isAvailable;
  }
  get mode(): StoreMode {
    return this.store.mode;
  }
  get(key: string): Promise<Reply<Buffer | null>> {
    return this.store.get(key);
  }
  getMany(keys: readonly string[]): Promise<Reply<(Buffer | null)[]>> {
    return this.store.getMany(keys);
  }
  set(write: StoreWrite): Promise<Reply<boolean>> {
    return this.store.set(write);
  }
  setIfAbsent(write: StoreWrite): Promise<Reply<boolean>> {
    return this.store.setIfAbsent(write);
  }
  setMany(writes: readonly StoreWrite[]): Promise<Reply<boolean>> {
    return this.store.setMany(writes);
  }
  setManyOnce(writes: readonly StoreWrite[]): Promise<Reply<boolean>> {
    return this.store.setManyOnce(writes);
  }
  extend(keys: readonly string[], ttlMs: number): Promise<Reply<true>> {
    return this.store.extend(keys, ttlMs);
  }
  delete(keys: readonly string[]): Promise<Reply<number>> {
    return this.store.delete(keys);
  }
  increment(key: string, by: number, ttlMs: number): Promise<Reply<number>> {
    return this.store.increment(key, by, ttlMs);
  }
  deleteMatching(pattern: string): Promise<{ readonly deleted: number; readonly complete: boolean }> {
    return this.store.deleteMatching(pattern);
  }
  health(): Promise<StoreHealth> {
    return this.store.health();
  }
  onRecovered(listener: () => void): () => void {
    this.listeners.add(listener);
    const stop = this.store.onRecovered(listener);
    return () => {
      this.listeners.delete(listener);
      stop();
    };
  }
  async close(): Promise<void> {
    this.isClosed = true;
    await this.store.close();
  }
}

/** The entries of whatever store is there when they are asked for. */
const entriesOf = (store: () => Store): EntryStore => ({
  get gather() {
    return store().entries.gather;
  },
  read: (entryKeys, versionKeys, options) => store().entries.read(entryKeys, versionKeys, options),
  ensureVersions: (writes) => store().entries.ensureVersions(writes),
  lease: (requests) => store().entries.lease(requests),
  extendLeases: (leases) => store().entries.extendLeases(leases),
  publish: (writes) => store().entries.publish(writes),
  release: (leases) => store().entries.release(leases),
  distrust: () => store().entries.distrust(),
});
