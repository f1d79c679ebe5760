import type { EntryAddress } from './entry.js';
import type { EventSink } from './events.js';
import { globMatcher } from './glob.js';
import type { Group } from './groups.js';
import type { PendingInvalidations } from './pending-invalidations.js';
import type { Clock, Timer } from './ports/clock.js';
import type { Reply, Store, UnavailableReason } from './ports/store.js';
import { unavailable } from './resilience/unavailable.js';
import { within } from './resilience/within.js';
import type { VersionTokens } from './version-tokens.js';
import { namespacesInDoubt, type WritesUnderWay, type SentWrite } from './writes-under-way.js';

interface InvalidationParts {
  readonly store: Store;
  readonly tokens: VersionTokens;
  readonly pending: PendingInvalidations;
  readonly underWay: WritesUnderWay;
  readonly clock: Clock;
  readonly events: EventSink;
  /** The most that the store may add to one call, in milliseconds. */
  readonly timeoutMs: number;
}

const FIRST_REPEAT_MS = 250;
const MAX_REPEAT_MS = 5_000;

/**
 * Makes entries unusable. From the first moment this instance joins no load that is under way and stores nothing that
 * began before, and serves nothing that is covered but what a pattern has not come to yet. The store is told at once; only
 * what it has been asked to store before is waited for. What it does not confirm stays covered here and is repeated until
 * it does.
 */
export class Invalidation {
  private readonly stopListening: () => void;
  private repeatTimer: Timer | null = null;
  private repeatMs = FIRST_REPEAT_MS;
  private isClosed = false;

  constructor(private readonly parts: InvalidationParts) {
    this.stopListening = parts.store.onRecovered(() => void this.repeat());
  }

  /** One write, however many entries there are. `true`: confirmed. */
  async ofGroups(groups: readonly Group[]): Promise<boolean> {
    const { pending, underWay, tokens } = this.parts;
    const ticket = pending.addGroups(groups);
    underWay.overtake((address) => pending.covers(address));
    const reply = await tokens.renew(groups);
    if (reply.ok) pending.releaseGroups(groups, ticket);
    else this.report('invalidate', reply.reason);
    return this.conclude(reply.ok);
  }

  /** Deletes one entry. `true`: confirmed; `existed`: there was one. */
  async ofKey({ storageKey, category }: EntryAddress): Promise<{ acknowledged: boolean; existed: boolean }> {
    const { pending, underWay, store, clock, timeoutMs } = this.parts;
    const ticket = pending.addKey(storageKey);
    const sent = underWay.overtakeKeys([storageKey]);
    const reply = await (sent.length === 0
      ? store.delete([storageKey])
      : within(clock, timeoutMs, this.deleteAfter(sent, storageKey), unavailable('timeout')));
    if (reply.ok) pending.releaseKey(storageKey, ticket);
    else {
      // A repetition may have released it before what was sent had arrived.
      pending.addKey(storageKey);
      this.report('delete', reply.reason, category);
    }
    return { acknowledged: this.conclude(reply.ok), existed: reply.ok && reply.value > 0 };
  }

  /** Deletes all entries whose storage key matches the glob. Where that fails, nothing at all is served here. */
  async ofPattern(pattern: string): Promise<boolean> {
    const { pending, underWay, store } = this.parts;
    const isMatch = globMatcher(pattern);
    const sent = underWay.overtake(({ storageKey }) => isMatch(storageKey));
    const isSettled = sent.length === 0 || (await this.settle(sent));
    const { complete } = await store.deleteMatching(pattern);
    if (!complete) {
      pending.addEverything();
      this.report('invalidate', 'incomplete');
    }
    return this.conclude(complete && isSettled);
  }

  close(): void {
    this.isClosed = true;
    this.repeatTimer?.cancel();
    this.stopListening();
  }

  private async deleteAfter(sent: readonly SentWrite[], storageKey: string): Promise<Reply<number>> {
    return (await this.settle(sent)) ? this.parts.store.delete([storageKey]) : unavailable('timeout');
  }

  /**
   * Waits until what was sent has arrived, so that a deletion comes after it. What got no answer may arrive even later: a
   * new version of its namespace makes it unusable whenever it does. `false`: that is not confirmed.
   */
  private async settle(sent: readonly SentWrite[]): Promise<boolean> {
    const namespaces = await namespacesInDoubt(sent);
    if (namespaces.length > 0 && !(await this.ofGroups(namespaces))) return false;
    this.parts.underWay.forget(sent);
    return true;
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
    const { pending, store, tokens } = this.parts;
    if (this.isClosed || pending.isEmpty) return;
    const open = pending.open();
    const [everything, groups, keys] = await Promise.all([
      open.everything ? store.deleteMatching(tokens.pattern) : { complete: true },
      open.groups.length > 0 ? tokens.renew(open.groups) : { ok: true },
      open.storageKeys.length > 0 ? store.delete(open.storageKeys) : { ok: true },
    ]);
    if (everything.complete) pending.releaseEverything(open.ticket);
    if (groups.ok) pending.releaseGroups(open.groups, open.ticket);
    if (keys.ok) for (const storageKey of open.storageKeys) pending.releaseKey(storageKey, open.ticket);
    if (pending.isEmpty) this.repeatMs = FIRST_REPEAT_MS;
    else this.scheduleRepeat();
  }
}
