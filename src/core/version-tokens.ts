import { randomUUID } from 'node:crypto';
import type { EventSink } from './events.js';
import type { Group } from './groups.js';
import type { Clock } from './ports/clock.js';
import type { Snapshot } from './ports/codec.js';
import type { Reply, Store, StoreWrite, UnavailableReason } from './ports/store.js';
import type { Stamp } from './stamp.js';

/** Groups whose tokens this process remembers to be fresh; past it, it forgets them all, which costs a command for each. */
const MAX_KNOWN = 10_000;

interface VersionTokensParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly events: EventSink;
  readonly prefix: string;
  /** The longest that an entry may live, in milliseconds. */
  readonly entryMs: number;
}

/** A token on its way into the store. */
interface Creation {
  readonly token: string;
  /** `false`: there was one, or nobody knows. */
  readonly isDone: Promise<boolean>;
}

/**
 * The versions of groups: one random token per group, under one key each.
 *
 * An entry is stamped with the tokens that were current when its load began, and is valid only while each of them is
 * still the current one. So whoever stores it, however late, a result that was loaded before an invalidation is never
 * valid after it. Tokens are random, not counted: one that was evicted can never come back. A missing token makes an
 * entry invalid: losing tokens costs hits, never truth.
 */
export class VersionTokens {
  private readonly creations = new Map<Group, Creation>();
  /** When this process last knew a token to have its whole life before it, in monotonic milliseconds. */
  private readonly freshAtMs = new Map<Group, number>();

  constructor(private readonly parts: VersionTokensParts) {}

  storageKeyOf(group: Group): string {
    return `${this.parts.prefix}:~v:${group}`;
  }

  /** Glob that matches the tokens of all groups, and nothing else. */
  get pattern(): string {
    return `${this.parts.prefix}:~v:*`;
  }

  /**
   * Gives every group a new token: all entries stamped before are invalid from then on. No token is ever written twice: it
   * would come back after a later invalidation, and with it all that was stored under it.
   */
  renew(groups: readonly Group[]): Promise<Reply<boolean>> {
    return this.parts.store.setManyOnce(groups.map((group) => this.freshToken(group)));
  }

  /**
   * Creates the tokens that were missing when results began to come about; `null` where none was. Where one turns out to
   * exist, the stamps stay incomplete: it is not known whether an invalidation put it there in between. Loads of one
   * process that miss the same token share its creation: had an invalidation come before it, it would have failed.
   */
  complete(stamps: readonly Stamp[]): Promise<void> | null {
    const missing = [...new Set(stamps.flatMap((stamp) => stamp.missing))];
    if (missing.length === 0) return null;
    const creations = missing.map((group) => this.creationOf(group));
    const tokens = Object.fromEntries(missing.map((group, index) => [group, creations[index]?.token ?? '']));
    for (const stamp of stamps) stamp.offer(tokens);
    return Promise.all(creations.map(({ isDone }) => isDone)).then((areDone) => {
      if (!areDone.includes(false)) for (const stamp of stamps) stamp.confirm();
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

  private creationOf(group: Group): Creation {
    const running = this.creations.get(group);
    if (running) return running;
    const write = this.freshToken(group);
    const sentAtMs = this.parts.clock.monotonicNow();
    const isDone = this.parts.store.setIfAbsent(write).then((reply) => {
      this.creations.delete(group);
      if (!reply.ok) this.reportFailure(reply.reason);
      else if (reply.value) this.becameFresh(group, sentAtMs);
      else void this.replaceForeign(write.key, group);
      return reply.ok && reply.value;
    });
    const creation = { token: write.value.toString(), isDone };
    this.creations.set(group, creation);
    return creation;
  }

  /** What is there and cannot be read as a token is not ours. In its place, a token makes nothing valid that was not. */
  private async replaceForeign(storageKey: string, group: Group): Promise<void> {
    const reply = await this.parts.store.getMany([storageKey]);
    if (reply.ok && reply.value[0] === null) await this.renew([group]);
  }

  private reportFailure(reason: UnavailableReason): void {
    this.parts.events.emit('error', { category: 'invalidation', operation: 'create-version', reason });
  }

  private freshToken(group: Group): StoreWrite & { readonly value: Buffer } {
    return { key: this.storageKeyOf(group), value: Buffer.from(randomUUID()), ttlMs: this.ttlMs };
  }
}
