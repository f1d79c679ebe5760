import type { EventSink, MissReason } from '../events.js';
import type { Clock } from '../ports/clock.js';
import { tierOf, type Reply, type Store } from '../ports/store.js';
import type { ClientKey } from './client-arguments.js';

/** One value to store; `bytes: null`: it cannot be stored faithfully. */
export interface ClientWrite {
  readonly key: ClientKey;
  readonly bytes: Uint8Array | null;
  readonly ttlMs: number;
}

const CATEGORY = 'client';

/**
 * A store whose failures are plain values, and whose every call is reported under the category `client`. Disabled, it
 * asks the store nothing and reports a bypass.
 */
export class ReportedStore {
  constructor(
    private readonly parts: {
      readonly store: Store;
      readonly clock: Clock;
      readonly events: EventSink;
      readonly enabled: boolean;
    },
  ) {}

  /** `null`: absent, no answer, or `parse` knows no value for the bytes (`undefined`), which counts as corrupt. */
  async read<T>(key: ClientKey, operation: string, parse: (bytes: Buffer) => T | undefined): Promise<T | null> {
    const sinceMs = this.now();
    const reply = await this.ask(operation, (store) => store.get(key.storageKey));
    if (!reply) return null;
    if (reply.ok) return this.found(key, sinceMs, reply.value, parse);
    this.miss(key, sinceMs, reply.reason);
    return null;
  }

  /** In the order of `keys`; else as {@link read}. */
  async readMany<T>(
    keys: readonly ClientKey[],
    operation: string,
    parse: (bytes: Buffer) => T | undefined,
  ): Promise<(T | null)[]> {
    const sinceMs = this.now();
    const storageKeys = keys.map(({ storageKey }) => storageKey);
    const reply = await this.ask(operation, (store) => store.getMany(storageKeys));
    return keys.map((key, index) => {
      if (reply?.ok) return this.found(key, sinceMs, reply.value[index] ?? null, parse);
      if (reply) this.miss(key, sinceMs, reply.reason);
      return null;
    });
  }

  /** Whether the value is stored now. `onlyIfAbsent`: a value that is there stays. */
  async write(write: ClientWrite, operation: string, onlyIfAbsent = false): Promise<boolean> {
    const { key, bytes, ttlMs } = write;
    if (!bytes) return this.refuse();
    const sinceMs = this.now();
    const entry = { key: key.storageKey, value: bytes, ttlMs };
    const reply = await this.ask<boolean>(operation, (store) =>
      onlyIfAbsent ? store.setIfAbsent(entry) : store.set(entry),
    );
    const isStored = reply?.ok === true && reply.value;
    if (isStored) this.stored(key, sinceMs, bytes.byteLength);
    return isStored;
  }

  /** Whether all are stored now; one that cannot be keeps out all. */
  async writeMany(writes: readonly ClientWrite[], operation: string): Promise<boolean> {
    const sinceMs = this.now();
    const entries = writes.flatMap(({ key, bytes, ttlMs }) =>
      bytes ? [{ key: key.storageKey, value: bytes, ttlMs }] : [],
    );
    if (entries.length < writes.length) return this.refuse();
    const reply = await this.ask(operation, (store) => store.setMany(entries));
    if (!reply?.ok || !reply.value) return false;
    for (const { key, bytes } of writes) this.stored(key, sinceMs, bytes?.byteLength ?? 0);
    return true;
  }

  /** How many of the keys there were. */
  async delete(keys: readonly ClientKey[], operation: string): Promise<number> {
    const storageKeys = keys.map(({ storageKey }) => storageKey);
    const reply = await this.ask(operation, (store) => store.delete(storageKeys));
    if (!reply?.ok) return 0;
    this.parts.events.emit('delete', { category: CATEGORY, count: reply.value });
    return reply.value;
  }

  /** The sum; `null`: not added. */
  async increment(key: ClientKey, by: number, ttlMs: number): Promise<number | null> {
    const sinceMs = this.now();
    const reply = await this.ask('increment', (store) => store.increment(key.storageKey, by, ttlMs));
    if (!reply?.ok) return null;
    this.stored(key, sinceMs, String(reply.value).length);
    return reply.value;
  }

  /** How many keys were deleted. */
  async deleteMatching(pattern: string): Promise<number> {
    if (this.isBypassed()) return 0;
    const { deleted, complete } = await this.parts.store.deleteMatching(pattern);
    this.parts.events.emit('invalidate', { target: 'pattern', acknowledged: complete });
    this.parts.events.emit('delete', { category: CATEGORY, count: deleted });
    return deleted;
  }

  /** `null`: disabled. */
  private async ask<T>(operation: string, question: (store: Store) => Promise<Reply<T>>): Promise<Reply<T> | null> {
    if (this.isBypassed()) return null;
    const reply = await question(this.parts.store);
    if (!reply.ok) this.parts.events.emit('error', { category: CATEGORY, operation, reason: reply.reason });
    return reply;
  }

  private found<T>(
    key: ClientKey,
    sinceMs: number,
    bytes: Buffer | null,
    parse: (bytes: Buffer) => T | undefined,
  ): T | null {
    const value = bytes ? parse(bytes) : undefined;
    if (value !== undefined) this.hit(key, sinceMs);
    else this.miss(key, sinceMs, bytes ? 'corrupt' : 'absent');
    return value ?? null;
  }

  private isBypassed(): boolean {
    if (!this.parts.enabled) this.parts.events.emit('bypass', { category: CATEGORY, reason: 'disabled' });
    return !this.parts.enabled;
  }

  private refuse(): false {
    this.parts.events.emit('refused', { category: CATEGORY, reason: 'not-faithful' });
    return false;
  }

  private now(): number {
    return this.parts.clock.monotonicNow();
  }

  /** A plain value carries neither its age nor its cost. */
  private hit({ name }: ClientKey, sinceMs: number): void {
    const ms = this.now() - sinceMs;
    const { store, events } = this.parts;
    events.emit('hit', { category: CATEGORY, key: name, ms, tier: tierOf(store), ageMs: 0, savedMs: 0 });
  }

  private miss({ name }: ClientKey, sinceMs: number, reason: MissReason): void {
    this.parts.events.emit('miss', { category: CATEGORY, key: name, ms: this.now() - sinceMs, reason });
  }

  private stored({ name }: ClientKey, sinceMs: number, bytes: number): void {
    this.parts.events.emit('set', { category: CATEGORY, key: name, ms: this.now() - sinceMs, bytes });
  }
}
