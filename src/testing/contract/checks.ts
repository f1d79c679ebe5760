import assert from 'node:assert/strict';
import type { Reply, Store } from '../../core/ports/store.js';

/** A store that was opened for one check, empty. */
export interface StoreUnderTest {
  readonly store: Store;
  /**
   * Another client of the same data, where there is one: checks that its changes are told. The keys that it writes begin
   * with `app:`.
   */
  readonly other?: Store;
  /** Lets so many milliseconds pass for the store: advances its clock, or waits. */
  readonly elapse: (ms: number) => Promise<void>;
  /** The store's monotonic milliseconds. Default: `performance.now`. */
  readonly now?: () => number;
  /** Closes what was opened. */
  readonly dispose: () => Promise<void>;
}

/** One promise that a store keeps. */
export interface StoreCheck {
  readonly name: string;
  /** Opens a store, rejects with an error that tells what is not as promised, and disposes of the store. */
  readonly run: () => Promise<void>;
}

/** What is checked, by name. */
export type Checks = Readonly<Record<string, (opened: StoreUnderTest) => Promise<void>>>;

export const HOUR_MS = 3_600_000;
/** A time to live that may pass for real. */
export const SHORT_MS = 60;
/** After so long, what lived for {@link SHORT_MS} is gone. */
export const AFTER_SHORT_MS = 90;

export const bytes = (text: string): Buffer => Buffer.from(text);

/** What a reply holds. Throws where there is none: `what` was asked. */
export function valueOf<T>(reply: Reply<T>, what: string): T {
  if (!reply.ok) throw new Error(`${what}: the store gave no answer (${reply.reason})`);
  return reply.value;
}

export function same(actual: unknown, expected: unknown, what: string): void {
  assert.deepEqual(plain(actual), plain(expected), what);
}

/** A test runner may have byte arrays of its own, which are equal to none of Node's. */
function plain(value: unknown): unknown {
  if (ArrayBuffer.isView(value))
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1');
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

/** Whether `holds` within two seconds of the store's time. */
export async function eventually(opened: StoreUnderTest, holds: () => boolean): Promise<boolean> {
  for (let time = 0; time < 200 && !holds(); time++) await opened.elapse(10);
  return holds();
}
