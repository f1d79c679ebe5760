import type { EntryAddress, EntryLifetime } from './entry.js';
import type { EventSink } from './events.js';
import type { Clock } from './ports/clock.js';
import type { EncodedValue, Encoding, EnvelopeCodec, Snapshot, ValueCodec } from './ports/codec.js';
import type { Reply, Store, StoreWrite } from './ports/store.js';
import type { VersionTokens } from './version-tokens.js';
import type { WriteUnderWay } from './writes-under-way.js';

interface WritePathParts {
  readonly store: Store;
  readonly values: ValueCodec;
  readonly envelopes: EnvelopeCodec;
  readonly tokens: VersionTokens;
  readonly clock: Clock;
  readonly events: EventSink;
}

/** A value on its way into the store. */
export interface EntryWrite {
  readonly underWay: WriteUnderWay;
  readonly encoded: EncodedValue;
  readonly lifetime: EntryLifetime;
  readonly snapshot: Snapshot;
  readonly loadMs: number;
}

/** Turns values into envelopes and hands them to the store. */
export class WritePath {
  constructor(private readonly parts: WritePathParts) {}

  /** `ok: false` for a value that would not come back equal; reported as refused, unless it has been already. */
  encode(address: EntryAddress, value: unknown, isReported = false): Encoding {
    const encoding = this.tryEncode(value);
    if (!encoding.ok && !isReported)
      this.parts.events.emit('refused', { category: address.category, reason: encoding.reason });
    return encoding;
  }

  /** A private copy of what was encoded. */
  copyOf(encoded: EncodedValue): unknown {
    const decoding = this.parts.values.decode(encoded);
    if (decoding.ok) return decoding.value;
    throw new Error(`a value could not be read back: ${decoding.reason}`);
  }

  /** A private copy of `value`, or `value` itself where it cannot be copied faithfully. */
  copy<T>(value: T): T {
    const encoding = this.tryEncode(value);
    return encoding.ok ? (this.copyOf(encoding.encoded) as T) : value;
  }

  /** `true` once the store has confirmed all of them. What is overtaken is left out. Never rejects. */
  async store(writes: readonly EntryWrite[]): Promise<boolean> {
    const wanted = writes.filter(({ underWay }) => !underWay.isOvertaken);
    const sealed = wanted.length > 0 ? this.trySeal(wanted) : null;
    if (!sealed) return false;
    const startedAt = this.parts.clock.monotonicNow();
    const [only] = sealed;
    const replying = only && sealed.length === 1 ? this.parts.store.set(only) : this.parts.store.setMany(sealed);
    for (const { underWay } of wanted) underWay.reply = replying;
    this.parts.tokens.keep(wanted.map(({ snapshot }) => snapshot));
    const reply = await replying;
    const ms = (this.parts.clock.monotonicNow() - startedAt) / wanted.length;
    wanted.forEach(({ underWay: { address } }, index) => this.report(address, reply, ms, sealed[index]));
    return reply.ok && reply.value && wanted.length === writes.length;
  }

  private report(
    { category, key }: EntryAddress,
    reply: Reply<boolean>,
    ms: number,
    sealed: StoreWrite | undefined,
  ): void {
    const { events } = this.parts;
    if (!reply.ok) events.emit('error', { category, operation: 'set', reason: reply.reason });
    else if (!reply.value)
      events.emit('refused', { category, reason: 'larger than the store keeps, or stored with one that is' });
    else events.emit('set', { category, key, ms, bytes: sealed?.value.byteLength ?? 0 });
  }

  private tryEncode(value: unknown): Encoding {
    if (value === undefined) return { ok: false, reason: 'undefined is never stored' };
    try {
      return this.parts.values.encode(value);
    } catch {
      return { ok: false, reason: 'the codec could not read it' };
    }
  }

  private trySeal(writes: readonly EntryWrite[]): StoreWrite[] | null {
    try {
      return writes.map((write) => this.seal(write));
    } catch {
      const reason = 'the codec could not seal it';
      for (const { underWay } of writes)
        this.parts.events.emit('refused', { category: underWay.address.category, reason });
      return null;
    }
  }

  private seal({ underWay, encoded, lifetime, snapshot, loadMs }: EntryWrite): StoreWrite {
    const storedAtMs = this.parts.clock.now();
    const expiresAtMs = storedAtMs + lifetime.ttlMs;
    const { storageKey: key } = underWay.address;
    const value = this.parts.envelopes.seal({ key, encoded, storedAtMs, expiresAtMs, snapshot, loadMs });
    return { key, value, ttlMs: lifetime.ttlMs + lifetime.graceMs };
  }
}
