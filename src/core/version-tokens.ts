import { randomUUID } from 'node:crypto';
import type { EventSink } from './events.js';
import type { Group } from './groups.js';
import type { Snapshot } from './ports/codec.js';
import type { Reply, Store, StoreWrite, UnavailableReason } from './ports/store.js';

/**
 * The versions of groups: one random token per group, under one key each.
 *
 * An entry is stamped with the tokens that were current when its load began, and is valid only while each of them is
 * still the current one. So whoever stores it, however late, a result that was loaded before an invalidation is never
 * valid after it. Tokens are random, not counted: one that was evicted can never come back. A missing token makes an
 * entry invalid: losing tokens costs hits, never truth.
 */
export class VersionTokens {
  private readonly creations = new Map<Group, Promise<string | null>>();

  constructor(
    private readonly store: Store,
    private readonly prefix: string,
    /** Lives as long as the longest-lived entry that can be stamped with it. */
    private readonly ttlMs: number,
    private readonly events: EventSink,
  ) {}

  storageKeyOf(group: Group): string {
    return `${this.prefix}:~v:${group}`;
  }

  /** Glob that matches the tokens of all groups, and nothing else. */
  get pattern(): string {
    return `${this.prefix}:~v:*`;
  }

  /**
   * Gives every group a new token: all entries stamped before are invalid from then on. No token is ever written twice: it
   * would come back after a later invalidation, and with it all that was stored under it.
   */
  renew(groups: readonly Group[]): Promise<Reply<boolean>> {
    return this.store.setManyOnce(groups.map((group) => this.freshToken(group)));
  }

  /**
   * Creates the tokens that were missing when a load began; `null` where one turned out to exist, because then it is
   * not known whether an invalidation put it there in between. Loads of one process that miss the same token share its
   * creation: had an invalidation come before it, the creation would have failed.
   */
  async create(missing: readonly Group[]): Promise<Snapshot | null> {
    const tokens = await Promise.all(missing.map((group) => this.creationOf(group)));
    if (tokens.includes(null)) return null;
    return Object.fromEntries(missing.map((group, index) => [group, tokens[index] ?? '']));
  }

  private creationOf(group: Group): Promise<string | null> {
    const running = this.creations.get(group);
    if (running) return running;
    const write = this.freshToken(group);
    const creation = this.store.setIfAbsent(write).then((reply) => {
      this.creations.delete(group);
      if (!reply.ok) this.reportFailure(reply.reason);
      return reply.ok && reply.value ? write.value.toString() : null;
    });
    this.creations.set(group, creation);
    return creation;
  }

  private reportFailure(reason: UnavailableReason): void {
    this.events.emit('error', { category: 'invalidation', operation: 'create-version', reason });
  }

  private freshToken(group: Group): StoreWrite & { readonly value: Buffer } {
    return { key: this.storageKeyOf(group), value: Buffer.from(randomUUID()), ttlMs: this.ttlMs };
  }
}
