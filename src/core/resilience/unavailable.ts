import type { UnavailableReason } from '../ports/store.js';

export interface Unavailable {
  readonly ok: false;
  readonly reason: UnavailableReason;
}

const reply = (reason: UnavailableReason): Unavailable => Object.freeze({ ok: false, reason });

const REPLIES: Readonly<Record<UnavailableReason, Unavailable>> = {
  disconnected: reply('disconnected'),
  timeout: reply('timeout'),
  'breaker-open': reply('breaker-open'),
  shed: reply('shed'),
  'connection-lost': reply('connection-lost'),
  rejected: reply('rejected'),
  closed: reply('closed'),
};

/** The reply that means "no answer, because of `reason`". Frozen and shared, so that a store that is away costs nothing. */
export const unavailable = (reason: UnavailableReason): Unavailable => REPLIES[reason];
