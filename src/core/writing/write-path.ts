import type { EntryAddress, EntryLifetime } from '../entry.js';
import type { EventSink } from '../events.js';
import type { Clock } from '../ports/clock.js';
import type { Decoding, EncodedValue, Encoding, EnvelopeCodec, Snapshot, ValueCodec } from '../ports/codec.js';
import type { EntryWrite, LeaseToken, PublishState } from '../ports/entry-store.js';
import type { Store } from '../ports/store.js';
import { portionsOf } from '../portions.js';
import type { Refusals } from '../refusals.js';
import type { Copied, ValueCodecs } from '../value-codecs.js';
import type { VersionTokens } from '../versions/version-tokens.js';

interface WritePathParts {
  readonly store: Store;
  readonly values: ValueCodecs;
  readonly envelopes: EnvelopeCodec;
  readonly tokens: VersionTokens;
  readonly clock: Clock;
  readonly events: EventSink;
  readonly refusals: Refusals;
  /** Encoded bytes. */
  readonly maxValueBytes: number;
}

/** A value on its way into the store. */
export interface Publication {
  readonly address: EntryAddress;
  readonly token: LeaseToken;
  readonly encoded: EncodedValue;
  readonly lifetime: EntryLifetime;
  readonly snapshot: Snapshot;
  readonly loadMs: number;
}

/** Turns values into envelopes and hands them to the store, each under the lease of its key. */
export class WritePath {
  constructor(private readonly parts: WritePathParts) {}

  /** `ok: false` for a value that would not come back equal; reported as refused, unless it has been already. */
  encode(address: EntryAddress, value: unknown, isReported = false): Encoding {
    const encoding = this.parts.values.encode(value, address.codec);
    if (!encoding.ok && !isReported) this.parts.refusals.refuse(address, encoding.reason, false);
    return encoding;
  }

  /** `false` for a value over the size that is kept; reported as refused. */
  isKept(address: EntryAddress, { bytes }: EncodedValue): boolean {
    if (bytes.byteLength <= this.parts.maxValueBytes) return true;
    this.parts.refusals.refuse(address, 'larger than maxValueBytes', true);
    return false;
  }

  /** Makes private copies of what was encoded. */
  copierOf({ codec }: Pick<EntryAddress, 'codec'>, encoded: EncodedValue): () => Copied {
    const { values } = this.parts;
    let decoding: Decoding | null = null;
    return () => {
      decoding ??= values.decode(encoded, codec);
      return decoding.ok ? values.copy(decoding.value, codec) : null;
    };
  }

  /** A private copy of `value`, or `value` itself where it cannot be copied faithfully. */
  copy<T>(value: T, codec?: ValueCodec): T {
    const encoding = this.parts.values.encode(value, codec);
    const copied = encoding.ok ? this.copierOf({ codec }, encoding.encoded)() : null;
    return copied ? (copied.value as T) : value;
  }

  /** Which of them the store has confirmed, in their order. What has lost its lease is not stored. Never rejects. */
  async publish(publications: readonly Publication[]): Promise<boolean[]> {
    const areStored: boolean[] = [];
    for (const portion of portionsOf(publications)) areStored.push(...(await this.publishPortion(portion)));
    return areStored;
  }

  private async publishPortion(publications: readonly Publication[]): Promise<boolean[]> {
    const sealed = publications.length > 0 ? this.trySeal(publications) : null;
    if (!sealed) return publications.map(() => false);
    const { clock, store, tokens, events } = this.parts;
    const startedAt = clock.monotonicNow();
    const replying = store.entries.publish(sealed);
    tokens.keep(publications.map(({ snapshot }) => snapshot));
    const reply = await replying;
    const ms = (clock.monotonicNow() - startedAt) / publications.length;
    publications.forEach(({ address }, index) => {
      if (reply.ok) this.report(address, reply.value[index] as PublishState, ms, sealed[index]);
      else events.emit('error', { category: address.category, operation: 'set', reason: reply.reason });
    });
    return publications.map((_, index) => reply.ok && reply.value[index] === 'stored');
  }

  private report(address: EntryAddress, state: PublishState, ms: number, sealed: EntryWrite | undefined): void {
    const { events, refusals } = this.parts;
    const { category, key, storageKey } = address;
    if (state === 'too-large') return refusals.refuse(address, 'larger than the store keeps', false);
    if (state !== 'stored') return events.emit('overtaken', { category, key });
    refusals.forget(storageKey);
    events.emit('set', { category, key, ms, bytes: sealed?.value.byteLength ?? 0 });
  }

  private trySeal(publications: readonly Publication[]): EntryWrite[] | null {
    try {
      return publications.map((publication) => this.seal(publication));
    } catch {
      const reason = 'the codec could not seal it';
      for (const { address } of publications) this.parts.refusals.refuse(address, reason, false);
      return null;
    }
  }

  private seal({ address, token, encoded, lifetime, snapshot, loadMs }: Publication): EntryWrite {
    const storedAtMs = this.parts.clock.now();
    const expiresAtMs = storedAtMs + lifetime.ttlMs;
    const { storageKey: key } = address;
    const value = this.parts.envelopes.seal({ key, encoded, storedAtMs, expiresAtMs, snapshot, loadMs });
    return { key, token, value, ttlMs: lifetime.ttlMs + lifetime.graceMs };
  }
}
