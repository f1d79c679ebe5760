import type { EntryAddress, EntryFacts } from './entry.js';
import type { EventSink, MissReason } from './events.js';
import type { Group } from './groups.js';
import type { MemoryRead, MemoryTier } from './ports/memory-tier.js';
import type { Clock } from './ports/clock.js';
import type { Envelope, EnvelopeCodec, Snapshot } from './ports/codec.js';
import { fingerprintOf, type StoredEntry } from './ports/entry-store.js';
import { tierOf, type Reply, type Store, type UnavailableReason } from './ports/store.js';
import type { MissingEntry, ReadResult } from './read-result.js';
import { within } from './resilience/within.js';
import { isCurrent, type Fence } from './stamp.js';
import type { ValueCodecs } from './value-codecs.js';
import type { VersionTokens } from './version-tokens.js';
import type { PendingInvalidations } from './pending-invalidations.js';

export interface StoreReadsParts {
  readonly store: Store;
  readonly memory: MemoryTier;
  readonly tokens: VersionTokens;
  readonly pending: PendingInvalidations;
  readonly values: ValueCodecs;
  readonly envelopes: EnvelopeCodec;
  readonly clock: Clock;
  readonly events: EventSink;
  /** The most that the store may add to a read, in milliseconds. */
  readonly timeoutMs: number;
}

type Tokens = ReadonlyMap<Group, string | null>;

/** What the store holds for an address, and whether an invalidation that is not confirmed covered it during the read. */
interface Stored {
  readonly address: EntryAddress;
  readonly entry: StoredEntry | null;
  readonly opened: Opened | 'absent' | 'corrupt';
  readonly wasCovered: boolean;
  /** By a group that it is stamped with. */
  readonly isStampCovered: boolean;
}

interface Opened {
  readonly envelope: Envelope;
  readonly facts: EntryFacts;
}

/**
 * Reads entries from the store and judges them by the versions that are current. One round trip fetches the entries
 * together with the tokens of their groups; a second one is needed only where an entry was stamped with groups that the
 * caller did not name.
 */
export class StoreReads {
  constructor(private readonly parts: StoreReadsParts) {}

  /** The versions that are current, for what is stored without having been read. */
  async fences(addresses: readonly EntryAddress[]): Promise<(Fence | null)[]> {
    const groups = groupsOf(addresses);
    const wereCovered = addresses.map((address) => this.parts.pending.covers(address));
    const reply = await this.parts.store.entries.read([], this.tokenKeysOf(groups), { withTtl: false });
    if (!reply.ok) {
      for (const address of addresses) this.report(address, reply.reason);
      return addresses.map(() => null);
    }
    const tokens = zip(groups, reply.value.versions);
    return addresses.map((address, index) => this.fenceOf(address, tokens, wereCovered[index] === true));
  }

  /** In the order of the addresses; what is found is held in memory afterwards. */
  async read(addresses: readonly EntryAddress[]): Promise<ReadResult[]> {
    const { memory, store, pending, clock } = this.parts;
    const groups = groupsOf(addresses);
    const entryKeys = addresses.map(({ storageKey }) => storageKey);
    const versionKeys = this.tokenKeysOf(groups);
    // What is covered now stays so for this read, also if it is confirmed meanwhile: the answer may be older than that.
    const wereCovered = pending.isEmpty ? NONE : addresses.map((address) => pending.covers(address));
    const startedAt = clock.monotonicNow();
    const reading = memory.beginRead(memory.isOn ? [...entryKeys, ...versionKeys] : NONE);
    try {
      const reply = await store.entries.read(entryKeys, versionKeys, { withTtl: memory.isOn });
      if (!reply.ok) return addresses.map((address) => this.unavailable(address, reply.reason, startedAt));
      const named = zip(groups, reply.value.versions);
      this.holdVersions(reading, named);
      const found = addresses.map((address, index) => {
        return this.open(address, reply.value.entries[index] ?? null, wereCovered[index] === true);
      });
      const unnamed = unnamedIn(found, named);
      const rest = unnamed.size > 0 ? await this.readTokens([...unnamed], startedAt) : null;
      if (rest?.ok === false) return addresses.map((address) => this.unavailable(address, rest.reason, startedAt));
      const tokens: Tokens = rest ? new Map([...named, ...rest.value]) : named;
      return found.map((each) => this.judge(each, tokens, { reading, askedAtMs: startedAt }));
    } finally {
      reading.end();
    }
  }

  private open(address: EntryAddress, entry: StoredEntry | null, wasCovered: boolean): Stored {
    const bytes = entry?.bytes ?? null;
    const envelope = bytes && this.parts.envelopes.open(bytes, address.storageKey);
    // An answer to another command: so may be all that follow.
    if (envelope === 'foreign') this.parts.store.entries.distrust();
    if (!envelope || envelope === 'foreign') {
      return { address, entry, opened: bytes ? 'corrupt' : 'absent', wasCovered, isStampCovered: false };
    }
    const { storedAtMs, expiresAtMs, snapshot, loadMs, encoded } = envelope;
    const fingerprint = fingerprintOf(bytes);
    const facts = { storedAtMs, expiresAtMs, snapshot, loadMs, bytes: encoded.bytes.byteLength, fingerprint };
    return { address, entry, opened: { envelope, facts }, wasCovered, isStampCovered: this.isCovered(snapshot) };
  }

  private judge(
    { address, entry, opened, wasCovered, isStampCovered }: Stored,
    tokens: Tokens,
    { reading, askedAtMs }: { readonly reading: MemoryRead; readonly askedAtMs: number },
  ): ReadResult {
    const fence = this.fenceOf(address, tokens, wasCovered);
    const lease = entry?.lease ?? null;
    const miss = (reason: MissReason): MissingEntry => {
      const seen = entry?.bytes ? fingerprintOf(entry.bytes) : null;
      return { status: 'miss', address, reason, fence, lease, seen, askedAtMs };
    };
    if (fence.isCovered) return miss('invalidated');
    if (typeof opened === 'string') return miss(opened);
    const { envelope, facts } = opened;
    if (isStampCovered || this.isCovered(facts.snapshot) || !isCurrent(facts.snapshot, address.groups, tokens))
      return { ...miss('invalidated'), outdated: { facts, tokens } };
    const decoding = this.parts.values.decode(envelope.encoded, address.codec);
    if (!decoding.ok) return miss('corrupt');
    const status = this.parts.clock.now() < facts.expiresAtMs ? 'hit' : 'stale';
    const value = this.hold(
      address,
      facts,
      decoding.value,
      entry?.ttlLeftMs ?? null,
      status === 'hit' ? reading : null,
    );
    return { status, address, facts, value, fence, lease, askedAtMs, tier: tierOf(this.parts.store) };
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
    const held = { facts, value, codec: address.codec, checkedEpoch: -1 };
    reading.holdEntry(address.storageKey, held, facts.bytes, ttlLeftMs);
    return copied.value;
  }

  private holdVersions(reading: MemoryRead, tokens: Tokens): void {
    if (!this.parts.memory.isOn) return;
    for (const [group, token] of tokens) {
      if (token !== null) reading.holdVersion(this.parts.tokens.storageKeyOf(group), token);
    }
  }

  private fenceOf(address: EntryAddress, tokens: Tokens, wasCovered: boolean): Fence {
    const isCovered = wasCovered || this.parts.pending.covers(address);
    // Where no others were asked for, they are its own.
    if (tokens.size === address.groups.length) return { tokens, isCovered };
    return { tokens: new Map(address.groups.map((group) => [group, tokens.get(group) ?? null])), isCovered };
  }

  /** By one of all its groups: an entry may belong to more of them than the caller has named. */
  private isCovered(snapshot: Snapshot): boolean {
    return !this.parts.pending.isEmpty && this.parts.pending.coversSome(Object.keys(snapshot));
  }

  private async readTokens(groups: readonly Group[], startedAt: number): Promise<Reply<Tokens>> {
    const { clock, store, timeoutMs, memory } = this.parts;
    const keys = this.tokenKeysOf(groups);
    const leftMs = timeoutMs - (clock.monotonicNow() - startedAt);
    const reading = memory.beginRead(keys);
    const asking = store.entries.read([], keys, { withTtl: false });
    const reply = await within(clock, leftMs, asking, { ok: false, reason: 'timeout' } as const);
    const tokens = reply.ok ? zip(groups, reply.value.versions) : null;
    if (tokens) this.holdVersions(reading, tokens);
    reading.end();
    return tokens ? { ok: true, value: tokens } : (reply as Reply<never>);
  }

  private tokenKeysOf(groups: readonly Group[]): string[] {
    return groups.map((group) => this.parts.tokens.storageKeyOf(group));
  }

  private unavailable(address: EntryAddress, reason: UnavailableReason, askedAtMs: number): ReadResult {
    this.report(address, reason);
    return { status: 'miss', address, reason, fence: null, lease: null, seen: null, askedAtMs };
  }

  private report({ category }: EntryAddress, reason: UnavailableReason): void {
    this.parts.events.emit('error', { category, operation: 'get', reason });
  }
}

const NONE: readonly never[] = [];

function groupsOf(addresses: readonly EntryAddress[]): readonly Group[] {
  const [only] = addresses;
  if (only && addresses.length === 1) return only.groups;
  return [...new Set(addresses.flatMap(({ groups }) => groups))];
}

/** Groups that what was found is stamped with and nobody has named. */
function unnamedIn(found: readonly Stored[], named: Tokens): ReadonlySet<Group> {
  const unnamed = new Set<Group>();
  for (const { opened } of found) {
    if (typeof opened === 'string') continue;
    for (const group in opened.facts.snapshot) if (!named.has(group)) unnamed.add(group);
  }
  return unnamed;
}

const zip = (groups: readonly Group[], tokens: readonly (string | null)[]): Tokens =>
  new Map(groups.map((group, index) => [group, tokens[index] ?? null]));
