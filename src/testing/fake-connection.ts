import type { EventSink } from '../core/events.js';
import type { ChangeFeed } from '../core/ports/change-feed.js';
import type { Clock } from '../core/ports/clock.js';
import type { EntryStore } from '../core/ports/entry-store.js';
import type { Reply, Store, StoreHealth, StoreWrite } from '../core/ports/store.js';
import { Availability } from '../core/resilience/availability.js';
import { FakeChannel } from './fake-channel.js';
import { FakeLine } from './fake-line.js';

/** What can go wrong, each until `recover()`. One takes the place of another; a lost channel comes on top of any. */
export interface Faults {
  /** Nobody listens there: every command fails at once. */
  refuse(): void;
  /** Nothing is answered. What is sent is done when the server goes on. */
  hang(): void;
  /** Every command, and everything that is told, takes so many milliseconds to arrive. */
  slow(ms: number): void;
  /** The server answers every command with an error, such as `OOM command not allowed`. */
  error(text: string): void;
  /** Nothing is heard of changes any more. `unnoticed`: as when a connection is half-open; nobody knows for 500 ms. */
  loseChannel(options?: { readonly unnoticed?: boolean }): void;
  /** Everything works again. */
  recover(): void;
}

export interface FakeConnectionParts {
  /** What the server holds. */
  readonly data: Store;
  readonly clock: Clock;
  /** Told when the server cannot be used, and when it can again. */
  readonly events: EventSink;
  /** The most that a command may take, in milliseconds. */
  readonly timeoutMs: number;
  readonly onClosed: (connection: FakeConnection) => void;
}

/** One process's connection to a fake server: a store of its own over shared data, with faults that can be switched. */
export class FakeConnection implements Store, Faults {
  readonly mode = 'standalone';
  readonly entries: EntryStore;
  readonly changes: ChangeFeed;
  private readonly channel: FakeChannel;
  private readonly line: FakeLine;
  private readonly availability: Availability;

  constructor(private readonly parts: FakeConnectionParts) {
    const { clock, events, timeoutMs } = parts;
    this.availability = new Availability('redis', clock, events);
    this.availability.up();
    this.line = new FakeLine({ clock, timeoutMs, onDown: (reason) => this.availability.down(reason) });
    this.channel = this.changes = new FakeChannel(clock, async () => (await this.line.send(answered)).ok);
    this.entries = this.composeEntries();
  }

  get isAvailable(): boolean {
    return this.line.isUsable;
  }

  get(key: string): Promise<Reply<Buffer | null>> {
    return this.ask((data) => data.get(key));
  }
  getMany(keys: readonly string[]): Promise<Reply<(Buffer | null)[]>> {
    return this.ask((data) => data.getMany(keys));
  }
  set(write: StoreWrite): Promise<Reply<boolean>> {
    return this.change([write], (data) => data.set(write));
  }
  setIfAbsent(write: StoreWrite): Promise<Reply<boolean>> {
    return this.change([write], (data) => data.setIfAbsent(write));
  }
  setMany(writes: readonly StoreWrite[]): Promise<Reply<boolean>> {
    return this.change(writes, (data) => data.setMany(writes));
  }
  setManyOnce(writes: readonly StoreWrite[]): Promise<Reply<boolean>> {
    return this.change(writes, (data) => data.setManyOnce(writes));
  }
  extend(keys: readonly string[], ttlMs: number): Promise<Reply<true>> {
    return this.ask((data) => data.extend(keys, ttlMs));
  }
  delete(keys: readonly string[]): Promise<Reply<number>> {
    return this.change(
      keys.map((key) => ({ key })),
      (data) => data.delete(keys),
    );
  }
  increment(key: string, by: number, ttlMs: number): Promise<Reply<number>> {
    return this.change([{ key }], (data) => data.increment(key, by, ttlMs));
  }
  async deleteMatching(pattern: string): Promise<{ readonly deleted: number; readonly complete: boolean }> {
    const reply = await this.ask(async (data) => ({ ok: true, value: await data.deleteMatching(pattern) }));
    return reply.ok ? reply.value : { deleted: 0, complete: false };
  }

  async health(): Promise<StoreHealth> {
    const { clock, data } = this.parts;
    const askedAtMs = clock.monotonicNow();
    const reply = await this.ask(async () => ({ ok: true, value: await data.health() }));
    const latencyMs = reply.ok ? clock.monotonicNow() - askedAtMs : null;
    const { breaker, inFlight } = this.line;
    const connections = { open: reply.ok ? 1 : 0, inFlight, shed: 0 };
    const state = { mode: this.mode, latencyMs, breaker, connections } as const;
    if (reply.ok) return { ...reply.value, ...state, message: 'The fake server answers.' };
    const memory = { usedBytes: null, maxBytes: null, evictionPolicy: null };
    const message = this.line.errorText ?? `The fake server does not answer: ${reply.reason}.`;
    return { ...state, connected: false, message, memory };
  }

  /** The server tells of changes. */
  hear(keys: readonly string[]): void {
    this.channel.push(keys);
  }

  onRecovered(listener: () => void): () => void {
    return this.availability.onRecovered(listener);
  }

  close(): Promise<void> {
    this.availability.stop();
    this.line.close();
    this.channel.close();
    this.parts.onClosed(this);
    return Promise.resolve();
  }

  refuse(): void {
    this.line.refuse();
    this.channel.lose();
  }
  hang(): void {
    this.line.hang();
    this.channel.hang();
  }
  slow(ms: number): void {
    this.line.slow(ms);
    this.channel.delay(ms);
  }
  error(text: string): void {
    this.line.error(text);
  }
  loseChannel({ unnoticed = false }: { readonly unnoticed?: boolean } = {}): void {
    if (unnoticed) this.channel.deafen();
    else this.channel.lose();
  }
  recover(): void {
    this.line.recover();
    this.channel.open();
    if (this.isAvailable) this.availability.up();
  }

  private ask<T>(work: (data: Store) => Promise<Reply<T>>): Promise<Reply<T>> {
    return this.line.send(() => work(this.parts.data));
  }

  /** Own writes are told when they are sent and again when they are settled, as by the real tier. */
  private async change<T>(
    writes: readonly { readonly key: string }[],
    work: (data: Store) => Promise<Reply<T>>,
  ): Promise<Reply<T>> {
    const keys = writes.map(({ key }) => key);
    this.channel.tellOwn(keys);
    const reply = await this.ask(work);
    this.channel.tellOwn(keys);
    return reply;
  }

  private composeEntries(): EntryStore {
    return {
      read: (entryKeys, versionKeys, options) =>
        this.ask(({ entries }) => entries.read(entryKeys, versionKeys, options)),
      ensureVersions: (writes) => this.change(writes, ({ entries }) => entries.ensureVersions(writes)),
      lease: (requests) => this.change(requests, ({ entries }) => entries.lease(requests)),
      extendLeases: (leases) => this.change(leases, ({ entries }) => entries.extendLeases(leases)),
      publish: (writes) => this.change(writes, ({ entries }) => entries.publish(writes)),
      release: (leases) => this.change(leases, ({ entries }) => entries.release(leases)),
      distrust: () => {},
    };
  }
}

const answered = (): Promise<Reply<true>> => Promise.resolve({ ok: true, value: true });
