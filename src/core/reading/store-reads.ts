import type { EntryAddress } from '../entry.js';
import { EntryJudge, type EntryJudgeParts, type Stored, type Tokens } from './entry-judge.js';
import type { EventSink } from '../events.js';
import type { Group } from '../versions/groups.js';
import type { StoredEntries, StoredEntry } from '../ports/entry-store.js';
import type { MemoryRead } from '../ports/memory-tier.js';
import type { Reply, UnavailableReason } from '../ports/store.js';
import { Gathering } from './gathering.js';
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

interface Sent {
  /** In monotonic milliseconds. */
  atMs: number;
}

/** Told of the results of a read, in the order of the addresses. */
export type Answered = (results: ReadResult[]) => void;

/** One caller's read under way. */
interface Question {
  readonly addresses: readonly EntryAddress[];
  /** Of all of them, each once. */
  readonly groups: readonly Group[];
  /** By an invalidation that was not confirmed; in the order of the addresses, and empty where none was. */
  readonly wereCovered: readonly boolean[];
  /** Of the store, before it was asked. */
  readonly recoveries: number;
  /** In monotonic milliseconds. */
  readonly askedAtMs: number;
  storeMs: number;
  readonly reading: MemoryRead;
  readonly answered: Answered;
}

/**
 * Reads entries from the store, to be judged by the versions that are current. One round trip fetches the entries of
 * several callers together with the tokens of their groups; a second one is needed only where an entry was stamped with
 * groups that nobody has named.
 */
export class StoreReads {
  private readonly judge: EntryJudge;
  private readonly gathering: Gathering<Question>;

  constructor(private readonly parts: StoreReadsParts) {
    this.judge = new EntryJudge(parts);
    this.gathering = new Gathering((questions) => this.send(questions));
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

  /** In the order of the addresses; what is found is held in memory afterwards. */
  read(addresses: readonly EntryAddress[]): Promise<ReadResult[]> {
    return new Promise((resolve) => this.ask(addresses, resolve));
  }

  /** As {@link read}. Every hit that memory does not have comes this way, so it makes no promise. */
  ask(addresses: readonly EntryAddress[], answered: Answered): void {
    const { memory, store, pending, clock } = this.parts;
    const groups = groupsOf(addresses);
    const question: Question = {
      addresses,
      groups,
      // What is covered now stays so for this read, also if it is confirmed meanwhile: the answer may be older than that.
      wereCovered: pending.isEmpty ? NONE : addresses.map((address) => pending.covers(address)),
      recoveries: pending.recoveries,
      askedAtMs: clock.monotonicNow(),
      storeMs: 0,
      reading: memory.beginRead(memory.isOn ? this.keysOf(addresses, groups) : NONE),
      answered,
    };
    const { gather } = store.entries;
    if (gather) this.gathering.add(question, gather);
    else this.send([question]);
  }

  private send(questions: readonly Question[]): void {
    const { memory, store } = this.parts;
    const { addresses, groups } = together(questions);
    const entryKeys = addresses.map(({ storageKey }) => storageKey);
    const replying = store.entries.read(entryKeys, this.tokenKeysOf(groups), { withTtl: memory.isOn });
    const sent = this.sentNow();
    void replying
      .then((reply) => this.received(questions, groups, reply, sent))
      // A store of the user's own, against its contract: nobody waits for ever, and nobody hears of it but by the event.
      .catch(() => questions.forEach((question) => question.answered(this.unavailable(question, 'rejected'))));
  }

  private received(
    questions: readonly Question[],
    groups: readonly Group[],
    reply: Reply<StoredEntries>,
    sent: Sent,
  ): void {
    const entries = reply.ok ? reply.value.entries : NONE;
    const tokens = reply.ok ? zip(groups, reply.value.versions) : null;
    const storeMs = this.parts.clock.monotonicNow() - sent.atMs;
    let at = 0;
    for (const question of questions) {
      question.storeMs = storeMs;
      const own = questions.length === 1 ? entries : entries.slice(at, at + question.addresses.length);
      at += question.addresses.length;
      if (tokens) this.finish(question, own, tokens);
      else if (!reply.ok) question.answered(this.unavailable(question, reply.reason));
    }
  }

  /** `named`: of the groups of all who were asked for together. */
  private finish(question: Question, entries: readonly (StoredEntry | null)[], named: Tokens): void {
    const { addresses, groups, wereCovered, reading, answered } = question;
    if (this.parts.memory.isOn) this.holdVersions(reading, groups, named);
    const found = addresses.map((address, index) => {
      return this.judge.open(address, entries[index] ?? null, wereCovered[index] === true);
    });
    const unnamed = unnamedIn(found, named);
    if (unnamed) void this.finishWith(question, found, named, [...unnamed]).then(answered);
    else answered(this.judgeAll(question, found, named));
  }

  /** What is sent leaves when the code that sends has let go of the event loop. */
  private sentNow(): Sent {
    const { clock } = this.parts;
    const sent = { atMs: clock.monotonicNow() };
    queueMicrotask(() => (sent.atMs = clock.monotonicNow()));
    return sent;
  }

  /** Once the versions of those groups are known that nobody has named. */
  private async finishWith(
    question: Question,
    found: readonly Stored[],
    named: Tokens,
    unnamed: readonly Group[],
  ): Promise<ReadResult[]> {
    const { clock } = this.parts;
    const sentAtMs = clock.monotonicNow();
    const rest = await this.readTokens(unnamed, question.askedAtMs);
    question.storeMs += clock.monotonicNow() - sentAtMs;
    if (!rest.ok) return this.unavailable(question, rest.reason);
    return this.judgeAll(question, found, new Map([...named, ...rest.value]));
  }

  private judgeAll(question: Question, found: readonly Stored[], tokens: Tokens): ReadResult[] {
    const isOld = question.recoveries !== this.parts.pending.recoveries;
    const results = found.map((each) =>
      this.judge.judge(isOld ? { ...each, wasCovered: true } : each, tokens, question),
    );
    question.reading.end();
    return results;
  }

  private holdVersions(reading: MemoryRead, groups: readonly Group[], tokens: Tokens): void {
    for (const group of groups) {
      const token = tokens.get(group) ?? null;
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
    if (tokens && memory.isOn) this.holdVersions(reading, groups, tokens);
    reading.end();
    return tokens ? { ok: true, value: tokens } : (reply as Reply<never>);
  }

  private keysOf(addresses: readonly EntryAddress[], groups: readonly Group[]): string[] {
    return [...addresses.map(({ storageKey }) => storageKey), ...this.tokenKeysOf(groups)];
  }

  private tokenKeysOf(groups: readonly Group[]): string[] {
    return groups.map((group) => this.parts.tokens.storageKeyOf(group));
  }

  private unavailable({ addresses, askedAtMs, storeMs, reading }: Question, reason: UnavailableReason): ReadResult[] {
    reading.end();
    return addresses.map((address): ReadResult => {
      this.report(address, reason);
      return { status: 'miss', address, reason, fence: null, lease: null, seen: null, askedAtMs, storeMs };
    });
  }

  private report({ category }: EntryAddress, reason: UnavailableReason): void {
    this.parts.events.emit('error', { category, operation: 'get', reason });
  }
}

const NONE: readonly never[] = [];

/** What is asked for in one read. */
function together(questions: readonly Question[]): Pick<Question, 'addresses' | 'groups'> {
  const [only] = questions;
  if (only && questions.length === 1) return only;
  const addresses = questions.flatMap((question) => question.addresses);
  return { addresses, groups: groupsOf(addresses) };
}

function groupsOf(addresses: readonly EntryAddress[]): readonly Group[] {
  const [only] = addresses;
  if (only && addresses.length === 1) return only.groups;
  const groups = new Set<Group>();
  for (const address of addresses) for (const group of address.groups) groups.add(group);
  return [...groups];
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

function zip(groups: readonly Group[], tokens: readonly (string | null)[]): Tokens {
  const zipped = new Map<Group, string | null>();
  for (let index = 0; index < groups.length; index++) zipped.set(groups[index] as Group, tokens[index] ?? null);
  return zipped;
}
