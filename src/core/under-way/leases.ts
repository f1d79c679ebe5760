import { randomBytes } from 'node:crypto';
import type { EventSink } from '../events.js';
import { GivenUpLeases } from './given-up-leases.js';
import type { Clock, Timer } from '../ports/clock.js';
import {
  IN_HAND,
  type LeaseExtension,
  type LeaseRequest,
  type LeaseState,
  type LeaseToken,
  RESERVED,
} from '../ports/entry-store.js';
import type { Store, UnavailableReason } from '../ports/store.js';

/** How often a lease is kept up, in milliseconds, and how long it holds without that. */
const KEEP_UP_MS = 500;
const HOLD_MS = 2_000;
/** How long the result of a load may still be stored that has stopped to keep its lease up, in milliseconds. */
const LEASE_TTL_MS = 30_000;
/** Leases that are kept up in one round trip. */
const KEEP_UP_COUNT = 100;

/** The store was not asked. For all other reasons a question may have arrived, or may still do so. */
const NOT_ASKED: ReadonlySet<UnavailableReason> = new Set(['breaker-open', 'shed', 'closed']);

/** What a lease is asked for with. */
export interface LeaseWish {
  readonly storageKey: string;
  /** See {@link LeaseRequest.stamp}. */
  readonly stamp: string;
  /** What was read under the key. */
  readonly seen: LeaseRequest['seen'];
}

export interface LeaseGrant {
  readonly state: LeaseState | 'unavailable';
  /** To publish under; only where the lease is held. */
  readonly token: LeaseToken | null;
}

interface LeasesParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly events: EventSink;
}

/**
 * The leases that this process holds. They are kept up while their loads run, so that others wait for a slow load and do
 * not wait for a dead process.
 */
export class Leases {
  private readonly held = new Map<LeaseToken, LeaseExtension>();
  /** The token of the latest one for a load, by key. */
  private readonly latest = new Map<string, LeaseToken>();
  private readonly givenUp: GivenUpLeases;
  private timer: Timer | null = null;

  constructor(private readonly parts: LeasesParts) {
    this.givenUp = new GivenUpLeases(parts.store);
  }

  /** In the order of the wishes, in one round trip. */
  async acquire(wishes: readonly LeaseWish[]): Promise<LeaseGrant[]> {
    if (wishes.length === 0) return [];
    // Loads that this process itself has under way, and does not wait for, give way.
    this.release(wishes.flatMap(({ storageKey, seen }) => (seen === 'any' ? [] : (this.latest.get(storageKey) ?? []))));
    const requests = wishes.map(requestOf);
    const reply = await this.parts.store.entries.lease(requests);
    if (!reply.ok) this.askedInVain(requests, reply.reason);
    return requests.map((request, index): LeaseGrant => {
      const state = reply.ok ? (reply.value[index] as LeaseState) : 'unavailable';
      if (state !== 'held') return { state, token: null };
      this.keep(request);
      return { state, token: request.token };
    });
  }

  /** What was loaded is published, or will not be: the lease is not kept up any more. */
  letGo(token: LeaseToken): void {
    const lease = this.held.get(token);
    this.held.delete(token);
    if (lease && this.latest.get(lease.key) === token) this.latest.delete(lease.key);
  }

  /** Gives leases up at once, so that nobody waits for them. */
  release(tokens: readonly LeaseToken[]): void {
    const leases = tokens.flatMap((token) => {
      const request = this.held.get(token);
      this.letGo(token);
      return request ? [{ key: request.key, token }] : [];
    });
    this.giveUp(leases);
  }

  /** Gives all up. Later ones are not kept up. */
  close(): void {
    this.givenUp.close();
    this.release([...this.held.keys()]);
    this.timer?.cancel();
  }

  /** Those of which the store has not said so may be held, or will be. */
  private askedInVain(requests: readonly LeaseRequest[], reason: UnavailableReason): void {
    this.parts.events.emit('error', { category: 'lease', operation: 'lease', reason });
    if (!NOT_ASKED.has(reason)) this.giveUp(requests.map(({ key, token }) => ({ key, token })));
  }

  private giveUp(leases: readonly Pick<LeaseRequest, 'key' | 'token'>[]): void {
    if (leases.length === 0) return;
    this.givenUp.add(leases);
    this.schedule();
  }

  private keep(request: LeaseRequest): void {
    this.held.set(request.token, request);
    if (request.stamp !== IN_HAND && request.stamp !== RESERVED) this.latest.set(request.key, request.token);
    this.schedule();
  }

  private schedule(): void {
    this.timer ??= this.parts.clock.after(KEEP_UP_MS, () => void this.keepUp());
  }

  /** One after another: all at once, they would leave no room for what callers ask. */
  private async keepUp(): Promise<void> {
    const leases = [...this.held.values()];
    for (let from = 0; from < leases.length; from += KEEP_UP_COUNT) {
      const together = leases.slice(from, from + KEEP_UP_COUNT).filter(({ token }) => this.held.has(token));
      await this.parts.store.entries.extendLeases(together);
    }
    await this.givenUp.repeat();
    this.timer = null;
    if (this.held.size > 0 || !this.givenUp.isEmpty) this.schedule();
  }
}

const requestOf = ({ storageKey, stamp, seen }: LeaseWish): LeaseRequest => ({
  key: storageKey,
  token: randomBytes(16).toString('base64url'),
  stamp,
  seen,
  holdMs: HOLD_MS,
  ttlMs: LEASE_TTL_MS,
});
