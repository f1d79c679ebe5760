import { randomUUID } from 'node:crypto';
import type { EventSink } from '../events.js';
import type { StoreNames } from '../key/store-names.js';
import type { Group } from './groups.js';
import type { Clock } from '../ports/clock.js';
import type { Snapshot } from '../ports/codec.js';
import type { Reply, Store, StoreWrite, UnavailableReason } from '../ports/store.js';

/** Groups whose tokens this process remembers to be fresh; past it, it forgets them all, which costs a command for each. */
const MAX_KNOWN = 10_000;

interface VersionTokensParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly events: EventSink;
  readonly names: StoreNames;
  /** The longest that an entry may live, in milliseconds. */
  readonly entryMs: number;
}

/** A token on its way into the store. */
interface Writing {
  readonly offered: string;
  /** What stands there afterwards; `null`: nobody knows. */
  readonly current: Promise<string | null>;
}

/** Tokens that were missing. */
export interface EnsuredTokens {
  /** What is being written. Whoever sees it has seen what stands there since nothing did. */
  readonly offered: ReadonlyMap<Group, string>;
  /** What stands there afterwards. A group for which that is not known is missing. */
  readonly current: Promise<ReadonlyMap<Group, string>>;
}

/**
 * The versions of groups: one random token per group, under one key each.
 *
 * An entry is stamped with the tokens that were current before its load began, and is valid only while each of them is
 * still the current one. So whoever stores it, however late, a result that was loaded before an invalidation is never
 * valid after it. Tokens are random, not counted: one that was evicted can never come back. A missing token makes an
 * entry invalid: losing tokens costs hits, never truth.
 */
export class VersionTokens {
  /** When this process last knew a token to have its whole life before it, in monotonic milliseconds. */
  private readonly freshAtMs = new Map<Group, number>();

  private readonly writing = new Map<Group, Writing>();
  /** How the keys of all versions begin. */
  readonly keyPrefix: string;

  constructor(private readonly parts: VersionTokensParts) {
    this.keyPrefix = parts.names.versionPrefix;
  }

  storageKeyOf(group: Group): string {
    return this.parts.names.versionKeyOf(group);
  }

  /** Whether a version is kept under the key. */
  isStorageKey(storageKey: string): boolean {
    return storageKey.startsWith(this.keyPrefix);
  }

  /** Glob that matches the tokens of all groups, and nothing else. */
  get pattern(): string {
    return `${this.keyPrefix}*`;
  }

  /**
   * Gives every group a new token: all entries stamped before are invalid from then on. No token is ever written twice: it
   * would come back after a later invalidation, and with it all that was stored under it.
   */
  renew(groups: readonly Group[]): Promise<Reply<boolean>> {
    return this.parts.store.setManyOnce(groups.map((group) => this.freshToken(group)));
  }

  /**
   * The tokens of groups that had none: those that are written now, or that another process has written meanwhile. What
   * another call of this process is already writing is waited for: a token is never older than its writing.
   */
  ensure(groups: readonly Group[]): EnsuredTokens {
    const rest = groups.filter((group) => !this.writing.has(group));
    if (rest.length > 0) this.beginWriting(rest);
    const writings = groups.map((group) => this.writing.get(group) as Writing);
    return {
      offered: new Map(groups.map((group, index) => [group, writings[index]?.offered ?? ''])),
      current: Promise.all(writings.map(({ current }) => current)).then((tokens) => {
        return new Map(groups.flatMap((group, index) => (tokens[index] ? [[group, tokens[index]]] : [])));
      }),
    };
  }

  /** New tokens for groups that had none; `null`: one could not be written, or has come from elsewhere meanwhile. */
  async create(groups: readonly Group[]): Promise<ReadonlyMap<Group, string> | null> {
    const { offered, current } = this.ensure(groups);
    const tokens = await current;
    return groups.every((group) => tokens.get(group) === offered.get(group)) ? tokens : null;
  }

  private beginWriting(groups: readonly Group[]): void {
    const sentAtMs = this.parts.clock.monotonicNow();
    const writes = groups.map((group) => this.freshToken(group));
    const replying = this.parts.store.entries.ensureVersions(writes).then((reply) => {
      for (const group of groups) this.writing.delete(group);
      if (!reply.ok) this.reportFailure(reply.reason);
      return reply;
    });
    groups.forEach((group, index) => {
      const offered = (writes[index] as StoreWrite).value.toString();
      const current = replying.then((reply) => {
        const token = reply.ok ? (reply.value[index] ?? null) : null;
        if (token === offered) this.becameFresh(group, sentAtMs);
        return token;
      });
      this.writing.set(group, { offered, current });
    });
  }

  /**
   * Lets the tokens of entries that are being stored outlive them. A token lives an eighth longer than an entry can, and
   * who stores under it has it extended where that was longer ago than the eighth.
   */
  keep(snapshots: readonly Snapshot[]): void {
    const nowMs = this.parts.clock.monotonicNow();
    const isOld = (group: Group): boolean => (this.freshAtMs.get(group) ?? -Infinity) + this.spareMs <= nowMs;
    const old = [...new Set(snapshots.flatMap((snapshot) => Object.keys(snapshot)))].filter(isOld);
    if (old.length === 0) return;
    const keys = old.map((group) => this.storageKeyOf(group));
    for (const group of old) this.becameFresh(group, nowMs);
    void this.parts.store.extend(keys, this.ttlMs).then(({ ok }) => {
      if (!ok) for (const group of old) if (this.freshAtMs.get(group) === nowMs) this.freshAtMs.delete(group);
    });
  }

  private becameFresh(group: Group, sinceMs: number): void {
    if (this.freshAtMs.size >= MAX_KNOWN) this.freshAtMs.clear();
    this.freshAtMs.set(group, sinceMs);
  }

  private get spareMs(): number {
    return this.parts.entryMs / 8;
  }

  private get ttlMs(): number {
    return Math.ceil(this.parts.entryMs + this.spareMs);
  }

  private reportFailure(reason: UnavailableReason): void {
    this.parts.events.emit('error', { category: 'invalidation', operation: 'create-version', reason });
  }

  private freshToken(group: Group): StoreWrite & { readonly value: Buffer } {
    return { key: this.storageKeyOf(group), value: Buffer.from(randomUUID()), ttlMs: this.ttlMs };
  }
}
