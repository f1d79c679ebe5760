import type { EntryAddress, EntryLifetime } from './entry.js';
import type { EventSink } from './events.js';
import type { Clock } from './ports/clock.js';
import type { EncodedValue, Encoding, EnvelopeCodec, Snapshot, ValueCodec } from './ports/codec.js';
import type { Store, StoreWrite } from './ports/store.js';

interface WritePathParts {
  readonly store: Store;
  readonly values: ValueCodec;
  readonly envelopes: EnvelopeCodec;
  readonly clock: Clock;
  readonly events: EventSink;
}

/** A value on its way into the store. */
export interface EntryWrite {
  readonly address: EntryAddress;
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

  /** `true` once the store has confirmed all of them. Never rejects. */
  async store(writes: readonly EntryWrite[]): Promise<boolean> {
    const startedAt = this.parts.clock.monotonicNow();
    const sealed = this.trySeal(writes);
    if (!sealed) return false;
    const [only] = sealed;
    const reply = await (only && sealed.length === 1 ? this.parts.store.set(only) : this.parts.store.setMany(sealed));
    const ms = (this.parts.clock.monotonicNow() - startedAt) / writes.length;
    writes.forEach(({ address: { category, key } }, index) => {
      if (reply.ok) this.parts.events.emit('set', { category, key, ms, bytes: sealed[index]?.value.byteLength ?? 0 });
      else this.parts.events.emit('error', { category, operation: 'set', reason: reply.reason });
    });
    return reply.ok;
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
      for (const { address } of writes) this.parts.events.emit('refused', { category: address.category, reason });
      return null;
    }
  }

  private seal({ address, encoded, lifetime, snapshot, loadMs }: EntryWrite): StoreWrite {
    const storedAtMs = this.parts.clock.now();
    const expiresAtMs = storedAtMs + lifetime.ttlMs;
    const { storageKey: key } = address;
    const value = this.parts.envelopes.seal({ key, encoded, storedAtMs, expiresAtMs, snapshot, loadMs });
    return { key, value, ttlMs: lifetime.ttlMs + lifetime.graceMs };
  }
}
