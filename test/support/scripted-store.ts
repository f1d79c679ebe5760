import type { EntryStore } from '../../src/core/ports/entry-store.js';
import type {
  Reply,
  Store,
  StoreHealth,
  StoreMode,
  StoreWrite,
  UnavailableReason,
} from '../../src/core/ports/store.js';

type Operation =
  | 'get'
  | 'getMany'
  | 'set'
  | 'setIfAbsent'
  | 'setMany'
  | 'setManyOnce'
  | 'extend'
  | 'delete'
  | 'increment'
  | 'deleteMatching'
  | 'read'
  | 'ensureVersions'
  | 'lease'
  | 'extendLeases'
  | 'publish'
  | 'release';
import { HeldChanges } from './held-changes.js';

/** A store in front of another one that fails, hangs or counts as a test says. */
export class ScriptedStore implements Store {
  readonly calls: { operation: Operation; keys: readonly string[] }[] = [];
  private failure: { reason: UnavailableReason; operations: readonly Operation[] | null } | null = null;
  private gate: { opened: Promise<void>; open: () => void; operations: readonly Operation[] } | null = null;
  private readonly listeners = new Set<() => void>();

  readonly entries: EntryStore;
  readonly changes: HeldChanges;

  /** `isShared`: others use `inner`, too, which stays open when this one is closed. */
  constructor(
    private readonly inner: Store,
    private readonly isShared = false,
  ) {
    const { entries } = inner;
    this.changes = new HeldChanges(inner.changes);
    const keysOf = (items: readonly { readonly key: string }[]): string[] => items.map(({ key }) => key);
    this.entries = {
      read: (entryKeys, versionKeys, options) =>
        this.pass('read', [...entryKeys, ...versionKeys], () => entries.read(entryKeys, versionKeys, options)),
      ensureVersions: (writes) => this.pass('ensureVersions', keysOf(writes), () => entries.ensureVersions(writes)),
      lease: (requests) => this.pass('lease', keysOf(requests), () => entries.lease(requests)),
      extendLeases: (leases) => this.pass('extendLeases', keysOf(leases), () => entries.extendLeases(leases)),
      publish: (writes) => this.pass('publish', keysOf(writes), () => entries.publish(writes)),
      release: (leases) => this.pass('release', keysOf(leases), () => entries.release(leases)),
      distrust: () => entries.distrust(),
    };
  }

  get isAvailable(): boolean {
    return this.failure === null;
  }
  get mode(): StoreMode {
    return this.inner.mode;
  }

  /** From now on `operations` (default: all) answer `reason`; `null`: they work again, and listeners are told. */
  fail(reason: UnavailableReason | null, operations: readonly Operation[] | null = null): void {
    this.failure = reason && { reason, operations };
    if (!reason) for (const listener of this.listeners) listener();
  }

  /** Holds `operations` back, before they reach the store, until the returned function is called. */
  hold(...operations: Operation[]): () => void {
    let open: () => void = () => undefined;
    const opened = new Promise<void>((resolve) => (open = resolve));
    this.gate = { opened, open, operations };
    return () => {
      this.gate = null;
      open();
    };
  }

  countOf(operation: Operation): number {
    return this.calls.filter((call) => call.operation === operation).length;
  }

  get(key: string): Promise<Reply<Buffer | null>> {
    return this.pass('get', [key], () => this.inner.get(key));
  }
  getMany(keys: readonly string[]): Promise<Reply<(Buffer | null)[]>> {
    return this.pass('getMany', keys, () => this.inner.getMany(keys));
  }
  set(write: StoreWrite): Promise<Reply<boolean>> {
    return this.pass('set', [write.key], () => this.inner.set(write));
  }
  setIfAbsent(write: StoreWrite): Promise<Reply<boolean>> {
    return this.pass('setIfAbsent', [write.key], () => this.inner.setIfAbsent(write));
  }
  setMany(writes: readonly StoreWrite[]): Promise<Reply<boolean>> {
    const keys = writes.map(({ key }) => key);
    return this.pass('setMany', keys, () => this.inner.setMany(writes));
  }
  setManyOnce(writes: readonly StoreWrite[]): Promise<Reply<boolean>> {
    const keys = writes.map(({ key }) => key);
    return this.pass('setManyOnce', keys, () => this.inner.setManyOnce(writes));
  }
  extend(keys: readonly string[], ttlMs: number): Promise<Reply<true>> {
    return this.pass('extend', keys, () => this.inner.extend(keys, ttlMs));
  }
  delete(keys: readonly string[]): Promise<Reply<number>> {
    return this.pass('delete', keys, () => this.inner.delete(keys));
  }
  increment(key: string, by: number, ttlMs: number): Promise<Reply<number>> {
    return this.pass('increment', [key], () => this.inner.increment(key, by, ttlMs));
  }
  async deleteMatching(pattern: string): Promise<{ deleted: number; complete: boolean }> {
    this.calls.push({ operation: 'deleteMatching', keys: [pattern] });
    return this.isFailing('deleteMatching') ? { deleted: 0, complete: false } : this.inner.deleteMatching(pattern);
  }
  health(): Promise<StoreHealth> {
    return this.inner.health();
  }
  onRecovered(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }
  close(): Promise<void> {
    if (!this.isShared) return this.inner.close();
    this.fail('closed');
    return Promise.resolve();
  }

  private async pass<T>(
    operation: Operation,
    keys: readonly string[],
    work: () => Promise<Reply<T>>,
  ): Promise<Reply<T>> {
    this.calls.push({ operation, keys });
    if (this.gate?.operations.includes(operation)) await this.gate.opened;
    return this.failure && this.isFailing(operation) ? { ok: false, reason: this.failure.reason } : work();
  }

  private isFailing(operation: Operation): boolean {
    return this.failure !== null && (this.failure.operations?.includes(operation) ?? true);
  }
}
