import type { EntryAddress } from './entry.js';
import type { EventSink } from './events.js';
import type { Flights } from './flights.js';
import type { Group } from './groups.js';
import type { PendingInvalidations } from './pending-invalidations.js';
import type { Clock, Timer } from './ports/clock.js';
import type { Store } from './ports/store.js';
import type { VersionTokens } from './version-tokens.js';

interface InvalidationParts {
  readonly store: Store;
  readonly tokens: VersionTokens;
  readonly pending: PendingInvalidations;
  readonly flights: Flights;
  readonly clock: Clock;
  readonly events: EventSink;
}

const FIRST_REPEAT_MS = 250;
const MAX_REPEAT_MS = 5_000;

/**
 * Makes entries unusable. From the first moment this instance serves nothing that is covered and joins no load that is
 * under way; the store is told at once. What it does not confirm stays covered here and is repeated until it does.
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
    const { pending, flights, tokens } = this.parts;
    const ticket = pending.addGroups(groups);
    flights.overtake((address) => pending.covers(address));
    const reply = await tokens.renew(groups);
    if (reply.ok) pending.releaseGroups(groups, ticket);
    else this.parts.events.emit('error', { category: 'invalidation', operation: 'invalidate', reason: reply.reason });
    return this.conclude(reply.ok && !pending.coversEverything);
  }

  /** Deletes one entry. `true`: confirmed; `existed`: there was one. */
  async ofKey({ storageKey, category }: EntryAddress): Promise<{ acknowledged: boolean; existed: boolean }> {
    const { pending, flights, store, events } = this.parts;
    const ticket = pending.addKey(storageKey);
    flights.overtake((address) => address.storageKey === storageKey);
    const reply = await store.delete([storageKey]);
    if (reply.ok) pending.releaseKey(storageKey, ticket);
    else events.emit('error', { category, operation: 'delete', reason: reply.reason });
    return { acknowledged: this.conclude(reply.ok && !pending.coversEverything), existed: reply.ok && reply.value > 0 };
  }

  /** Deletes all entries whose storage key matches the glob. Until confirmed, nothing at all is served here. */
  async ofPattern(pattern: string): Promise<boolean> {
    const { pending, flights, store, events } = this.parts;
    flights.overtake(() => true);
    const { complete } = await store.deleteMatching(pattern);
    if (!complete) {
      pending.addEverything();
      events.emit('error', { category: 'invalidation', operation: 'invalidate', reason: 'incomplete' });
    }
    return this.conclude(complete);
  }

  close(): void {
    this.isClosed = true;
    this.repeatTimer?.cancel();
    this.stopListening();
  }

  private conclude(acknowledged: boolean): boolean {
    if (!acknowledged) this.scheduleRepeat();
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
