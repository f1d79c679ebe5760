import type { EntryAddress } from '../entry.js';
import { EntryJudge, type EntryJudgeParts, type Stored, type Tokens } from './entry-judge.js';
import type { EventSink } from '../events.js';
import type { Group } from '../versions/groups.js';
import type { StoredEntries } from '../ports/entry-store.js';
import type { MemoryRead } from '../ports/memory-tier.js';
import type { Reply, UnavailableReason } from '../ports/store.js';
import type { ReadResult } from './read-result.js';
import { unavailable } from '../resilience/unavailable.js';
import { within } from '../resilience/within.js';
import type { Fence } from '../versions/stamp.js';
import type { VersionTokens } from '../versions/version-tokens.js';

export interface StoreReadsParts extends EntryJudgeParts {
  readonly tokens: VersionTokens;
  readonly events: EventSink;
  /** The most that the store may add to a read, in milliseconds. */
  readonly timeoutMs: number;
}

/** A read under way. */
interface Asked {
  readonly addresses: readonly EntryAddress[];
  /** Of all of them, each once. */
  readonly groups: readonly Group[];
  /** By an invalidation that was not confirmed; in the order of the addresses, and empty where none was. */
  readonly wereCovered: readonly boolean[];
  /** In monotonic milliseconds. */
  readonly askedAtMs: number;
  readonly reading: MemoryRead;
}

/**
 * Reads entries from the store, to be judged by the versions that are current. One round trip fetches the entries
 * together with the tokens of their groups; a second one is needed only where an entry was stamped with groups that the
 * caller did not name.
 */
export class StoreReads {
  private readonly judge: EntryJudge;

  constructor(private readonly parts: StoreReadsParts) {
    this.judge = new EntryJudge(parts);
  }

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
    return addresses.map((address, index) => this.judge.fenceOf(address, tokens, wereCovered[index] === true));
  }

  /**
   * In the order of the addresses; what is found is held in memory afterwards. Every hit that memory does not have comes
   * this way, so it makes few promises.
   */
  read(addresses: readonly EntryAddress[]): Promise<ReadResult[]> {
    const { memory, store, pending, clock } = this.parts;
    const groups = groupsOf(addresses);
    const entryKeys = addresses.map(({ storageKey }) => storageKey);
    const versionKeys = this.tokenKeysOf(groups);
    const asked: Asked = {
      addresses,
      groups,
      // What is covered now stays so for this read, also if it is confirmed meanwhile: the answer may be older than that.
      wereCovered: pending.isEmpty ? NONE : addresses.map((address) => pending.covers(address)),
      askedAtMs: clock.monotonicNow(),
      reading: memory.beginRead(memory.isOn ? [...entryKeys, ...versionKeys] : NONE),
    };
    const answered = store.entries.read(entryKeys, versionKeys, { withTtl: memory.isOn });
    return answered.then((reply) => this.finish(asked, reply));
  }

  private finish(asked: Asked, reply: Reply<StoredEntries>): ReadResult[] | Promise<ReadResult[]> {
    const { addresses, groups, wereCovered, reading } = asked;
    if (!reply.ok) return this.unavailable(asked, reply.reason);
    const named = zip(groups, reply.value.versions);
    this.holdVersions(reading, named);
    const found = addresses.map((address, index) => {
      return this.judge.open(address, reply.value.entries[index] ?? null, wereCovered[index] === true);
    });
    const unnamed = unnamedIn(found, named);
    if (unnamed) return this.finishWith(asked, found, named, [...unnamed]);
    return this.judgeAll(asked, found, named);
  }

  /** Once the versions of those groups are known that nobody has named. */
  private async finishWith(
    asked: Asked,
    found: readonly Stored[],
    named: Tokens,
    unnamed: readonly Group[],
  ): Promise<ReadResult[]> {
    const rest = await this.readTokens(unnamed, asked.askedAtMs);
    if (!rest.ok) return this.unavailable(asked, rest.reason);
    return this.judgeAll(asked, found, new Map([...named, ...rest.value]));
  }

  private judgeAll(asked: Asked, found: readonly Stored[], tokens: Tokens): ReadResult[] {
    const results = found.map((each) => this.judge.judge(each, tokens, asked));
    asked.reading.end();
    return results;
  }

  private holdVersions(reading: MemoryRead, tokens: Tokens): void {
    if (!this.parts.memory.isOn) return;
    for (const [group, token] of tokens) {
      if (token !== null) reading.holdVersion(this.parts.tokens.storageKeyOf(group), token);
    }
  }

  private async readTokens(groups: readonly Group[], startedAt: number): Promise<Reply<Tokens>> {
    const { clock, store, timeoutMs, memory } = this.parts;
    const keys = this.tokenKeysOf(groups);
    const leftMs = timeoutMs - (clock.monotonicNow() - startedAt);
    const reading = memory.beginRead(keys);
    const asking = store.entries.read([], keys, { withTtl: false });
    const reply = await within(clock, leftMs, asking, unavailable('timeout'));
    const tokens = reply.ok ? zip(groups, reply.value.versions) : null;
    if (tokens) this.holdVersions(reading, tokens);
    reading.end();
    return tokens ? { ok: true, value: tokens } : (reply as Reply<never>);
  }

  private tokenKeysOf(groups: readonly Group[]): string[] {
    return groups.map((group) => this.parts.tokens.storageKeyOf(group));
  }

  private unavailable({ addresses, askedAtMs, reading }: Asked, reason: UnavailableReason): ReadResult[] {
    reading.end();
    return addresses.map((address): ReadResult => {
      this.report(address, reason);
      return { status: 'miss', address, reason, fence: null, lease: null, seen: null, askedAtMs };
    });
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

/** Groups that what was found is stamped with and nobody has named; `null`: there are none. */
function unnamedIn(found: readonly Stored[], named: Tokens): ReadonlySet<Group> | null {
  let unnamed: Set<Group> | null = null;
  for (const { opened } of found) {
    if (typeof opened === 'string') continue;
    for (const group in opened.facts.snapshot) if (!named.has(group)) (unnamed ??= new Set()).add(group);
  }
  return unnamed;
}

const zip = (groups: readonly Group[], tokens: readonly (string | null)[]): Tokens =>
  new Map(groups.map((group, index) => [group, tokens[index] ?? null]));
