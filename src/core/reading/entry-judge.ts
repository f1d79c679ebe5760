import type { EntryAddress, EntryFacts } from '../entry.js';
import type { MissReason } from '../events.js';
import type { Group } from '../versions/groups.js';
import type { PendingInvalidations } from '../invalidation/pending-invalidations.js';
import type { MemoryRead, MemoryTier } from '../ports/memory-tier.js';
import type { Clock } from '../ports/clock.js';
import type { Envelope, EnvelopeCodec, Snapshot } from '../ports/codec.js';
import { fingerprintOf, type StoredEntry } from '../ports/entry-store.js';
import { tierOf, type Store } from '../ports/store.js';
import type { MissingEntry, ReadResult } from './read-result.js';
import { isCurrent, type Fence } from '../versions/stamp.js';
import type { ValueCodecs } from '../value-codecs.js';

export interface EntryJudgeParts {
  readonly store: Store;
  readonly memory: MemoryTier;
  readonly pending: PendingInvalidations;
  readonly values: ValueCodecs;
  readonly envelopes: EnvelopeCodec;
  readonly clock: Clock;
}

/** Versions as they are in the store; `null`: there is none. */
export type Tokens = ReadonlyMap<Group, string | null>;

/** What the store holds for an address, and whether an invalidation that is not confirmed covered it during the read. */
export interface Stored {
  readonly address: EntryAddress;
  readonly entry: StoredEntry | null;
  readonly opened: Opened | 'absent' | 'corrupt';
  readonly wasCovered: boolean;
  /** By a group that it is stamped with. */
  readonly isStampCovered: boolean;
}

/** A read that has been answered. */
export interface Asked {
  readonly reading: MemoryRead;
  /** In monotonic milliseconds. */
  readonly askedAtMs: number;
  /** How long the store took to answer, in milliseconds. */
  readonly storeMs: number;
  /** See {@link PendingInvalidations.recalls}: as it was when it was asked. */
  readonly recalls: number;
}

interface Opened {
  readonly envelope: Envelope;
  readonly facts: EntryFacts;
}

/** The only judge of what the store holds: whether it is an entry of its key, current, and fresh. */
export class EntryJudge {
  constructor(private readonly parts: EntryJudgeParts) {}

  /** What the store has answered for one address. `wasCovered`: by an invalidation, when it was asked. */
  open(address: EntryAddress, entry: StoredEntry | null, wasCovered: boolean): Stored {
    const bytes = entry?.bytes ?? null;
    const envelope = bytes && this.parts.envelopes.open(bytes, address.storageKey);
    // An answer to another command: so may be all that follow.
    if (envelope === 'foreign') this.parts.store.entries.distrust();
    if (!envelope || envelope === 'foreign') {
      return { address, entry, opened: bytes ? 'corrupt' : 'absent', wasCovered, isStampCovered: false };
    }
    const { storedAtMs, expiresAtMs, snapshot, loadMs, encoded } = envelope;
    const facts = { storedAtMs, expiresAtMs, snapshot, loadMs, bytes: encoded.bytes.byteLength, stored: bytes };
    return { address, entry, opened: { envelope, facts }, wasCovered, isStampCovered: this.isCovered(snapshot) };
  }

  /** What is fresh is held in memory. */
  judge(
    { address, entry, opened, wasCovered, isStampCovered }: Stored,
    tokens: Tokens,
    { reading, askedAtMs, recalls, storeMs }: Asked,
  ): ReadResult {
    const fence = this.fenceOf(address, tokens, wasCovered || recalls !== this.parts.pending.recalls);
    const lease = entry?.lease ?? null;
    const miss = (reason: MissReason): MissingEntry => {
      const seen = entry?.bytes ? fingerprintOf(entry.bytes) : null;
      return { status: 'miss', address, reason, fence, lease, seen, askedAtMs, storeMs };
    };
    if (fence.isCovered) return miss('invalidated');
    if (typeof opened === 'string') return miss(opened);
    const { envelope, facts } = opened;
    if (isStampCovered || this.isCovered(facts.snapshot) || !isCurrent(facts.snapshot, address.groups, tokens))
      return { ...miss('invalidated'), outdated: { facts, tokens } };
    const decoding = this.parts.values.decode(envelope.encoded, address.codec);
    if (!decoding.ok) return miss('corrupt');
    const foundAtMs = this.parts.clock.now();
    const status = foundAtMs < facts.expiresAtMs ? 'hit' : 'stale';
    const value = this.hold(
      address,
      facts,
      decoding.value,
      entry?.ttlLeftMs ?? null,
      status === 'hit' ? reading : null,
    );
    return { status, address, facts, value, fence, lease, askedAtMs, foundAtMs, tier: tierOf(this.parts.store) };
  }

  /** Answers the caller's own copy. */
  private hold(
    address: EntryAddress,
    facts: EntryFacts,
    value: unknown,
    ttlLeftMs: number | null,
    reading: MemoryRead | null,
  ): unknown {
    if (!reading || !this.parts.memory.isOn || !address.isHeld || ttlLeftMs === null || ttlLeftMs <= 0) return value;
    const copied = this.parts.values.copy(value, address.codec);
    if (!copied) return value;
    // All of what was read would be kept alive by the part that is needed.
    const own = { ...facts, stored: fingerprintOf(facts.stored) };
    const held = { facts: own, value, codec: address.codec, checkedEpoch: -1 };
    reading.holdEntry(address.storageKey, held, facts.bytes, ttlLeftMs);
    return copied.value;
  }

  /** What a load that begins now is stamped with. */
  fenceOf(address: EntryAddress, tokens: Tokens, wasCovered: boolean): Fence {
    const isCovered = wasCovered || this.parts.pending.covers(address);
    // Where no others were asked for, they are its own.
    if (tokens.size === address.groups.length) return { tokens, isCovered };
    return { tokens: new Map(address.groups.map((group) => [group, tokens.get(group) ?? null])), isCovered };
  }

  /** By one of all its groups: an entry may belong to more of them than the caller has named. */
  private isCovered(snapshot: Snapshot): boolean {
    return !this.parts.pending.isEmpty && this.parts.pending.coversSome(Object.keys(snapshot));
  }
}
