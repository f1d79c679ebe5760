import { randomBytes } from 'node:crypto';
import type { EventSink } from './events.js';
import type { Clock, Timer } from './ports/clock.js';
import type { Snapshot } from './ports/codec.js';
import {
  IN_HAND,
  type LeaseExtension,
  type LeaseRequest,
  type LeaseState,
  type LeaseToken,
} from './ports/entry-store.js';
import type { Store } from './ports/store.js';
import { stampOf } from './stamp.js';

/** How often a lease is kept up, in milliseconds, and how long it holds without that. */
const KEEP_UP_MS = 500;
const HOLD_MS = 2_000;
/** How long the result of a load may still be stored that has stopped to keep its lease up, in milliseconds. */
const LEASE_TTL_MS = 30_000;
/** Leases that are kept up in one round trip. */
const KEEP_UP_COUNT = 100;

/** What a lease is asked for with. */
export interface LeaseWish {
  readonly storageKey: string;
  /** What a load runs under; `null`: a value in hand. */
  readonly snapshot: Snapshot | null;
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
  private timer: Timer | null = null;

  constructor(private readonly parts: LeasesParts) {}

  /** In the order of the wishes, in one round trip. */
  async acquire(wishes: readonly LeaseWish[]): Promise<LeaseGrant[]> {
    if (wishes.length === 0) return [];
    // Loads that this process itself has under way, and does not wait for, give way.
    this.release(wishes.flatMap(({ storageKey }) => this.latest.get(storageKey) ?? []));
    const requests = wishes.map(requestOf);
    const reply = await this.parts.store.entries.lease(requests);
    if (!reply.ok) this.parts.events.emit('error', { category: 'lease', operation: 'lease', reason: reply.reason });
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
    if (leases.length > 0) void this.parts.store.entries.release(leases);
  }

  /** Gives all up. Later ones are not kept up. */
  close(): void {
    this.timer?.cancel();
    this.release([...this.held.keys()]);
  }

  private keep(request: LeaseRequest): void {
    this.held.set(request.token, request);
    if (request.stamp !== IN_HAND) this.latest.set(request.key, request.token);
    this.timer ??= this.parts.clock.after(KEEP_UP_MS, () => this.keepUp());
  }

  private keepUp(): void {
    this.timer = null;
    const requests = [...this.held.values()];
    for (let from = 0; from < requests.length; from += KEEP_UP_COUNT) {
      void this.parts.store.entries.extendLeases(requests.slice(from, from + KEEP_UP_COUNT));
    }
    if (requests.length > 0) this.timer = this.parts.clock.after(KEEP_UP_MS, () => this.keepUp());
  }
}

const requestOf = ({ storageKey, snapshot, seen }: LeaseWish): LeaseRequest => ({
  key: storageKey,
  token: randomBytes(16).toString('base64url'),
  stamp: snapshot ? stampOf(snapshot) : IN_HAND,
  seen,
  holdMs: HOLD_MS,
  ttlMs: LEASE_TTL_MS,
});
