import type { EntryAddress } from '../entry.js';
import type { EventSink } from '../events.js';
import type { Flights } from '../under-way/flights.js';
import { globMatcher } from '../glob.js';
import type { Group } from '../versions/groups.js';
import type { PendingInvalidations } from './pending-invalidations.js';
import type { Clock, Timer } from '../ports/clock.js';
import type { Store, UnavailableReason } from '../ports/store.js';
import type { RecentInvalidations } from './recent-invalidations.js';
import type { VersionTokens } from '../versions/version-tokens.js';

interface InvalidationParts {
  readonly store: Store;
  readonly tokens: VersionTokens;
  readonly pending: PendingInvalidations;
  readonly recent: RecentInvalidations;
  readonly flights: Flights;
  readonly clock: Clock;
  readonly events: EventSink;
}

const FIRST_REPEAT_MS = 250;
const MAX_REPEAT_MS = 5_000;

/**
 * Makes entries unusable. From the first moment this instance joins no load that is under way and stores nothing that
 * began before, and serves nothing that is covered but what a pattern has not come to yet. The store is told at once. What
 * it does not confirm stays covered here and is repeated until it does; what it has confirmed lately is repeated when it
 * was lost and is back.
 */
export class Invalidation {
  private readonly stopListening: () => void;
  private repeatTimer: Timer | null = null;
  private repeatMs = FIRST_REPEAT_MS;
  private isClosed = false;

  constructor(private readonly parts: InvalidationParts) {
    this.stopListening = parts.store.onRecovered(() => this.repeatRecent());
  }

  /** One write, however many entries there are. `true`: confirmed. */
  async ofGroups(groups: readonly Group[]): Promise<boolean> {
    const { pending, flights, tokens, recent } = this.parts;
    const ticket = pending.addGroups(groups);
    flights.overtake((address, late) => pending.covers(address) || pending.coversSome([...late]));
    const reply = await tokens.renew(groups);
    if (reply.ok) {
      pending.releaseGroups(groups, ticket);
      recent.confirmedGroups(groups);
    } else this.report('invalidate', reply.reason);
    return this.conclude(reply.ok);
  }

  /** Deletes one entry, and takes its key from whoever loads it. `true`: confirmed; `existed`: there was one. */
  async ofKey({ storageKey, category }: EntryAddress): Promise<{ acknowledged: boolean; existed: boolean }> {
    const { pending, flights, store, recent } = this.parts;
    const ticket = pending.addKey(storageKey);
    flights.overtakeKeys([storageKey]);
    const reply = await store.delete([storageKey]);
    if (reply.ok) {
      pending.releaseKey(storageKey, ticket);
      recent.confirmedKeys([storageKey]);
    } else this.report('delete', reply.reason, category);
    return { acknowledged: this.conclude(reply.ok), existed: reply.ok && reply.value > 0 };
  }

  /** Deletes all entries whose storage key matches the glob. Where that fails, nothing at all is served here. */
  async ofPattern(pattern: string): Promise<boolean> {
    const { pending, flights, store, recent } = this.parts;
    const isMatch = globMatcher(pattern);
    flights.overtake(({ storageKey }) => isMatch(storageKey));
    const { complete } = await store.deleteMatching(pattern);
    if (complete) recent.confirmedEverything();
    else {
      pending.addEverything();
      this.report('invalidate', 'incomplete');
    }
    return this.conclude(complete);
  }

  close(): void {
    this.isClosed = true;
    this.repeatTimer?.cancel();
    this.stopListening();
  }

  /** The store was lost and is back: another server may answer in its place, which has not heard of the latest. */
  private repeatRecent(): void {
    const { pending, recent } = this.parts;
    pending.recovered();
    const { groups, storageKeys, everything } = recent.recent();
    if (groups.length > 0) pending.addGroups(groups);
    for (const storageKey of storageKeys) pending.addKey(storageKey);
    if (everything) pending.addEverything();
    void this.repeat();
  }

  private report(
    operation: 'invalidate' | 'delete',
    reason: UnavailableReason | 'incomplete',
    category = 'invalidation',
  ): void {
    this.parts.events.emit('error', { category, operation, reason });
  }

  private conclude(acknowledged: boolean): boolean {
    // Past its bound, everything is covered, also after what was confirmed: only a repetition takes that back.
    if (!acknowledged || this.parts.pending.coversEverything) this.scheduleRepeat();
    return acknowledged;
  }

  private scheduleRepeat(): void {
    if (this.repeatTimer || this.isClosed) return;
    this.repeatTimer = this.parts.clock.after(this.repeatMs, () => {
      this.repeatTimer = null;
      void this.repeat();
    });
    this.repeatMs = Math.min(this.repeatMs * 2, MAX_REPEAT_MS);
  }

  private async repeat(): Promise<void> {
    const { pending, store, tokens, recent } = this.parts;
    if (this.isClosed || pending.isEmpty) return;
    const open = pending.open();
    const [everything, groups, keys] = await Promise.all([
      open.everything ? store.deleteMatching(tokens.pattern) : { complete: true },
      open.groups.length > 0 ? tokens.renew(open.groups) : { ok: true },
      open.storageKeys.length > 0 ? store.delete(open.storageKeys) : { ok: true },
    ]);
    if (everything.complete) {
      pending.releaseEverything(open.ticket);
      if (open.everything) recent.confirmedEverything();
    }
    if (groups.ok) {
      pending.releaseGroups(open.groups, open.ticket);
      recent.confirmedGroups(open.groups);
    }
    if (keys.ok) {
      for (const storageKey of open.storageKeys) pending.releaseKey(storageKey, open.ticket);
      recent.confirmedKeys(open.storageKeys);
    }
    if (pending.isEmpty) this.repeatMs = FIRST_REPEAT_MS;
    else this.scheduleRepeat();
  }
}
