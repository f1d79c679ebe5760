import type { EntryAddress } from './entry.js';
import type { EventSink, MissReason } from './events.js';
import type { Group } from './groups.js';
import type { Clock } from './ports/clock.js';
import type { Envelope, EnvelopeCodec, Snapshot, ValueCodec } from './ports/codec.js';
import type { Reply, Store, UnavailableReason } from './ports/store.js';
import { within } from './resilience/within.js';
import type { Fence } from './stamp.js';
import type { VersionTokens } from './version-tokens.js';
import type { PendingInvalidations } from './pending-invalidations.js';

/**
 * What the store holds for an address. A `fence` of `null`: versions are not known, so nothing may be stored. `outdated`:
 * the entry that was found and may not be served, and the versions that are current.
 */
export type ReadResult =
  | { readonly status: 'hit' | 'stale'; readonly envelope: Envelope; readonly value: unknown; readonly fence: Fence }
  | {
      readonly status: 'miss';
      readonly reason: MissReason;
      readonly fence: Fence | null;
      readonly outdated?: { readonly envelope: Envelope; readonly tokens: ReadonlyMap<Group, string | null> };
    };

interface ReadPathParts {
  readonly store: Store;
  readonly tokens: VersionTokens;
  readonly pending: PendingInvalidations;
  readonly values: ValueCodec;
  readonly envelopes: EnvelopeCodec;
  readonly clock: Clock;
  readonly events: EventSink;
  /** The most that the store may add to a read, in milliseconds. */
  readonly timeoutMs: number;
}

type Tokens = ReadonlyMap<Group, string | null>;

/** What the store holds for an address, and whether an invalidation that is not confirmed covered it during the read. */
interface Found {
  readonly address: EntryAddress;
  readonly envelope: Envelope | 'absent' | 'corrupt';
  readonly wasCovered: boolean;
  /** By a group that it is stamped with. */
  readonly isStampCovered: boolean;
}

/**
 * The only walk to the store for entries, and the only judge of freshness. One round trip fetches the entries together
 * with the tokens of their groups. A second one is needed only where an entry was stamped with groups that the caller
 * did not name.
 */
export class ReadPath {
  constructor(private readonly parts: ReadPathParts) {}

  async read(addresses: readonly EntryAddress[]): Promise<ReadResult[]> {
    const groups = [...new Set(addresses.flatMap((address) => address.groups))];
    // What is covered now stays so for this read, also if it is confirmed meanwhile: the answer may be older than that.
    const wereCovered = addresses.map((address) => this.parts.pending.covers(address));
    const startedAt = this.parts.clock.monotonicNow();
    const storageKeys = addresses.map((address) => address.storageKey);
    const reply = await this.parts.store.getMany([...storageKeys, ...this.tokenKeysOf(groups)]);
    if (!reply.ok) return addresses.map((address) => this.unavailable(address, reply.reason));
    const tokens = zip(groups, reply.value.slice(addresses.length));
    const found = addresses.map((address, index): Found => {
      const envelope = this.open(reply.value[index] ?? null, address);
      const isStampCovered = typeof envelope !== 'string' && this.isCovered(envelope);
      return { address, envelope, wasCovered: wereCovered[index] === true, isStampCovered };
    });
    const unnamed = await this.unnamedTokens(found, tokens, startedAt);
    if (!unnamed.ok) return addresses.map((address) => this.unavailable(address, unnamed.reason));
    const allTokens: Tokens = new Map([...tokens, ...unnamed.value]);
    return found.map((each) => this.judge(each, allTokens));
  }

  private judge({ address, envelope, wasCovered, isStampCovered }: Found, tokens: Tokens): ReadResult {
    const isCovered = wasCovered || this.parts.pending.covers(address);
    const fence: Fence = {
      tokens: new Map(address.groups.map((group) => [group, tokens.get(group) ?? null])),
      isCovered,
    };
    if (isCovered) return { status: 'miss', reason: 'invalidated', fence };
    if (typeof envelope === 'string') return { status: 'miss', reason: envelope, fence };
    if (isStampCovered || this.isCovered(envelope) || !isCurrent(address, envelope.snapshot, tokens))
      return { status: 'miss', reason: 'invalidated', fence, outdated: { envelope, tokens } };
    const decoding = this.parts.values.decode(envelope.encoded);
    if (!decoding.ok) return { status: 'miss', reason: 'corrupt', fence };
    const status = this.parts.clock.now() < envelope.expiresAtMs ? 'hit' : 'stale';
    return { status, envelope, value: decoding.value, fence };
  }

  /** By one of all its groups: an entry may belong to more of them than the caller has named. */
  private isCovered({ snapshot }: Envelope): boolean {
    return !this.parts.pending.isEmpty && this.parts.pending.coversSome(Object.keys(snapshot));
  }

  private open(bytes: Buffer | null, address: EntryAddress): Envelope | 'absent' | 'corrupt' {
    return bytes ? (this.parts.envelopes.open(bytes, address.storageKey) ?? 'corrupt') : 'absent';
  }

  private async unnamedTokens(found: readonly Found[], named: Tokens, startedAt: number): Promise<Reply<Tokens>> {
    const stamped = found.flatMap(({ envelope }) =>
      typeof envelope === 'string' ? [] : Object.keys(envelope.snapshot),
    );
    const unnamed = [...new Set(stamped.filter((group) => !named.has(group)))];
    if (unnamed.length === 0) return { ok: true, value: new Map() };
    const { clock, store, timeoutMs } = this.parts;
    const leftMs = timeoutMs - (clock.monotonicNow() - startedAt);
    const reply = await within(clock, leftMs, store.getMany(this.tokenKeysOf(unnamed)), {
      ok: false,
      reason: 'timeout',
    } as const);
    return reply.ok ? { ok: true, value: zip(unnamed, reply.value) } : reply;
  }

  private tokenKeysOf(groups: readonly Group[]): string[] {
    return groups.map((group) => this.parts.tokens.storageKeyOf(group));
  }

  private unavailable(address: EntryAddress, reason: UnavailableReason): ReadResult {
    this.parts.events.emit('error', { category: address.category, operation: 'get', reason });
    return { status: 'miss', reason, fence: null };
  }
}

function isCurrent({ groups }: EntryAddress, snapshot: Snapshot, tokens: Tokens): boolean {
  const isStampedWithAll = groups.every((group) => Object.hasOwn(snapshot, group));
  return isStampedWithAll && Object.entries(snapshot).every(([group, token]) => tokens.get(group) === token);
}

function zip(groups: readonly Group[], values: readonly (Buffer | null)[]): Tokens {
  return new Map(groups.map((group, index) => [group, values[index]?.toString() ?? null]));
}
