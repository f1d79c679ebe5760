/** Why a store gave no answer. None of these is an error of the caller. */
export type UnavailableReason =
  /** no connection at the moment */
  | 'disconnected'
  /** no answer within the deadline */
  | 'timeout'
  /** the breaker is open: the store was not asked */
  | 'breaker-open'
  /** too many commands in flight: not asked */
  | 'shed'
  /** the connection broke under the command */
  | 'connection-lost'
  /** the server answered with an error, such as OOM, READONLY, WRONGTYPE */
  | 'rejected'
  /** `close()` was called */
  | 'closed';

/**
 * What a store answers. A failure is a value, never a rejection. `mayComeAgain`: it was sent before, on a connection that
 * broke, and what was sent then may still arrive.
 */
export type Reply<T> =
  | { readonly ok: true; readonly value: T; readonly mayComeAgain?: boolean }
  | { readonly ok: false; readonly reason: UnavailableReason };

/** A value, under which key, and for how long. */
export interface StoreWrite {
  /** The whole storage key, prefix included. */
  readonly key: string;
  readonly value: Uint8Array;
  /** Time to live in milliseconds, at least 1. */
  readonly ttlMs: number;
}
