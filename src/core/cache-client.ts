import { ClientArguments } from './client/client-arguments.js';
import { fromJsonText, toJsonText } from './client/json-text.js';
import { ReportedStore } from './client/reported-store.js';
import type { EventSink } from './events.js';
import { escapeGlob } from './glob.js';
import type { Duration } from './policy/duration.js';
import type { Clock } from './ports/clock.js';
import type { Store, StoreHealth } from './ports/store.js';
import { isWellFormed } from './well-formed.js';

export interface CacheClientParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly events: EventSink;
  /** First part of every key. */
  readonly prefix: string;
  /** `false`: nothing is stored, found or asked. */
  readonly enabled: boolean;
  /** Time to live of a write that names none, in milliseconds. */
  readonly defaultTtlMs: number;
  /** Longer times to live are cut to it, in milliseconds. */
  readonly maxTtlMs: number;
  /** Hits and misses of the whole cache, for {@link CacheClient.healthCheck}. */
  readonly counts: () => { readonly hits: number; readonly misses: number };
}

/** What the cache says of itself. `hits` and `misses` are its own, not the server's. */
export interface CacheHealth extends StoreHealth {
  /** `false`: nothing is cached, and no connection is opened. */
  readonly enabled: boolean;
  /** Since the start or the last `reset()` of the metrics, of both tiers. */
  readonly hits: number;
  readonly misses: number;
}

/**
 * Plain texts, JSON and bytes under literal keys, behind the prefix. Every write has a time to live. Keys and values stand in
 * the store as they are given, also where the cache encrypts.
 *
 * No call rejects for a reason of the cache or takes longer than the store's deadline: without an answer, reads find
 * nothing (`null`) and writes say that nothing was written (`false`, `0`, `null`). A wrong argument is a mistake of the
 * program: the call throws `CacheArgumentError` at once, before it returns a promise. Keys that begin with `~` are
 * reserved. A key that holds another type of Redis, such as a list, reads as absent, and so do bytes that are no text
 * where a text is asked for.
 */
export class CacheClient {
  private readonly given: ClientArguments;
  private readonly store: ReportedStore;

  constructor(private readonly parts: CacheClientParts) {
    this.given = new ClientArguments(parts);
    this.store = new ReportedStore(parts);
  }

  /** `null`: absent, no text, or no answer. */
  get(key: string): Promise<string | null> {
    return this.store.read(this.given.key(key), 'get', textOf);
  }

  /** `null` also for a text that is not JSON. */
  getJson<T>(key: string): Promise<T | null> {
    return this.store.read(this.given.key(key), 'getJson', (bytes) => jsonOf(bytes) as T | undefined);
  }

  /** `null`: absent, or no answer. */
  getBytes(key: string): Promise<Buffer | null> {
    return this.store.read(this.given.key(key), 'getBytes', (bytes) => bytes);
  }

  /** In the order of `keys`; one round trip per node. */
  getMany(keys: readonly string[]): Promise<(string | null)[]> {
    return this.store.readMany(this.given.keys(keys), 'getMany', textOf);
  }

  /** `false`: not stored; a text with lone surrogates never is. */
  set(key: string, value: string, ttl?: Duration): Promise<boolean> {
    return this.store.write(this.writeOf(key, this.given.text(value), ttl), 'set');
  }

  /** `false`: not stored, or JSON cannot say it without loss (`undefined`, functions, bigints, cycles, NaN, Maps …). */
  setJson(key: string, value: unknown, ttl?: Duration): Promise<boolean> {
    return this.store.write(this.writeOf(key, toJsonText(value), ttl), 'setJson');
  }

  /** The bytes as they are at the call. `false`: not stored. */
  setBytes(key: string, value: Uint8Array, ttl?: Duration): Promise<boolean> {
    const write = { key: this.given.key(key), bytes: copyOf(this.given.bytes(value)), ttlMs: this.given.ttlMs(ttl) };
    return this.store.write(write, 'setBytes');
  }

  /** One round trip per node; not atomic. `false`: some of them may not be stored. */
  setMany(entries: readonly (readonly [key: string, value: string])[], ttl?: Duration): Promise<boolean> {
    const ttlMs = this.given.ttlMs(ttl);
    const writes = this.given.entries(entries).map(([key, text]) => ({ key, bytes: bytesOf(text), ttlMs }));
    return this.store.writeMany(writes, 'setMany');
  }

  /** `true`: stored; `false`: there is a value, and it stays, or there was no answer. */
  setIfAbsent(key: string, value: string, ttl?: Duration): Promise<boolean> {
    return this.store.write(this.writeOf(key, this.given.text(value), ttl), 'setIfAbsent', true);
  }

  /** `true`: there was a value, and it is deleted. */
  delete(key: string): Promise<boolean> {
    return this.store.delete([this.given.key(key)], 'delete').then((count) => count > 0);
  }

  /** How many of the keys there were. */
  deleteMany(keys: readonly string[]): Promise<number> {
    return this.store.delete(this.given.keys(keys), 'deleteMany');
  }

  /**
   * Adds the integer `by` to the counter under `key`, which begins at 0, and returns the sum. The time to live counts
   * from the first increment and is not renewed. `null`: no answer, or the value is no integer.
   */
  increment(key: string, by = 1, ttl?: Duration): Promise<number | null> {
    return this.store.increment(this.given.key(key), this.given.integer(by), this.given.ttlMs(ttl));
  }

  /**
   * Deletes what matches the glob (`* ? [a-c] [^a] \x`) behind the prefix and returns how many keys that were. Ids in
   * a pattern belong through `escapeGlob`. Walks the key space in bounded steps: each takes no longer than the deadline,
   * all together do. What the cache keeps for itself may match too, where it does not encrypt and so hide its names; that
   * only makes entries unusable.
   */
  invalidatePattern(pattern: string): Promise<number> {
    return this.store.deleteMatching(escapeGlob(`${this.parts.prefix}:`) + this.given.pattern(pattern));
  }

  /** Asks Redis whether it answers, and counts what the cache has done. */
  async healthCheck(): Promise<CacheHealth> {
    const { enabled, store, counts } = this.parts;
    const { hits, misses } = counts();
    return { enabled, hits, misses, ...(enabled ? await store.health() : disabledHealth(store)) };
  }

  /** Ends the store; < 500 ms. Later calls find nothing. */
  close(): Promise<void> {
    return this.parts.store.close();
  }

  private writeOf(key: string, text: string | null, ttl: Duration | undefined): Parameters<ReportedStore['write']>[0] {
    return { key: this.given.key(key), bytes: text === null ? null : bytesOf(text), ttlMs: this.given.ttlMs(ttl) };
  }
}

/** What is sent, also when it is sent again, are the bytes as they are now. `null`: somebody has taken them away. */
function copyOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer | null {
  try {
    return Buffer.from(Buffer.from(buffer, byteOffset, byteLength));
  } catch {
    return null;
  }
}

/** Refuses what is no UTF-8, and keeps a byte order mark. */
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** `undefined`: the bytes are no text, or more than a string can hold. */
function textOf(bytes: Buffer): string | undefined {
  try {
    return UTF8.decode(bytes);
  } catch {
    return undefined;
  }
}

/** `undefined`: the bytes are no JSON. */
function jsonOf(bytes: Buffer): unknown {
  const text = textOf(bytes);
  return text === undefined ? undefined : fromJsonText(text);
}

/** `null`: UTF-8 cannot carry the text. */
const bytesOf = (text: string): Buffer | null => (isWellFormed(text) ? Buffer.from(text) : null);

const disabledHealth = ({ mode }: Store): StoreHealth => ({
  connected: false,
  message: 'The cache is disabled.',
  mode,
  latencyMs: null,
  breaker: 'closed',
  memory: { usedBytes: null, maxBytes: null, evictionPolicy: null },
  connections: { open: 0, inFlight: 0, shed: 0 },
});
