import type { EntryAddress } from '../entry.js';
import type { Group } from '../versions/groups.js';
import { groupId, keyId, targetsOf } from './target-ids.js';

const MAX_PENDING = 10_000;

/**
 * What this instance has invalidated and the store has not yet confirmed. Nothing it covers is served here meanwhile.
 *
 * Bounded: past 10,000 it no longer remembers which, and covers everything until all was made unusable. Each addition
 * gets a new ticket, so that a confirmation of an earlier write cannot release a later invalidation of the same group.
 * Additions while everything is covered keep tickets of their own: they must not put off the release of the rest.
 */
export class PendingInvalidations {
  private readonly tickets = new Map<string, number>();
  private ticketCount = 0;
  private everythingTicket: number | null = null;
  private recoveryCount = 0;

  /**
   * How often a lost store was back that may have forgotten what it had confirmed. What it was asked before that may be answered
   * after all has been repeated, with what it has found before it.
   */
  get recoveries(): number {
    return this.recoveryCount;
  }

  recovered(): void {
    this.recoveryCount++;
  }

  get isEmpty(): boolean {
    return this.tickets.size === 0 && this.everythingTicket === null;
  }

  get coversEverything(): boolean {
    return this.everythingTicket !== null;
  }

  covers(address: EntryAddress): boolean {
    if (this.isEmpty) return false;
    return this.tickets.has(keyId(address.storageKey)) || this.coversSome(address.groups);
  }

  coversSome(groups: readonly Group[]): boolean {
    if (this.isEmpty) return false;
    return this.everythingTicket !== null || groups.some((group) => this.tickets.has(groupId(group)));
  }

  /** Returns the ticket with which {@link release} takes exactly these back. */
  addGroups(groups: readonly Group[]): number {
    return this.add(groups.map(groupId));
  }

  addKey(storageKey: string): number {
    return this.add([keyId(storageKey)]);
  }

  addEverything(): number {
    this.tickets.clear();
    this.everythingTicket = ++this.ticketCount;
    return this.ticketCount;
  }

  /** Confirmed: what was added up to `ticket` and not again since may be served. */
  releaseGroups(groups: readonly Group[], ticket: number): void {
    for (const group of groups) this.release(groupId(group), ticket);
  }

  releaseKey(storageKey: string, ticket: number): void {
    this.release(keyId(storageKey), ticket);
  }

  releaseEverything(ticket: number): void {
    if (this.everythingTicket !== null && this.everythingTicket <= ticket) this.everythingTicket = null;
  }

  /** All that waits for confirmation, with the ticket to release it by. */
  open(): { groups: Group[]; storageKeys: string[]; everything: boolean; ticket: number } {
    return {
      ...targetsOf(this.tickets.keys()),
      everything: this.everythingTicket !== null,
      ticket: this.ticketCount,
    };
  }

  private add(ids: readonly string[]): number {
    if (this.tickets.size + ids.length > MAX_PENDING) return this.addEverything();
    const ticket = ++this.ticketCount;
    for (const id of ids) this.tickets.set(id, ticket);
    return ticket;
  }

  private release(id: string, ticket: number): void {
    const held = this.tickets.get(id);
    if (held !== undefined && held <= ticket) this.tickets.delete(id);
  }
}
