import type { EntryFacts } from '../entry.js';
import type { ValueCodec } from './codec.js';

/** An entry as this process holds it. */
export interface HeldEntry {
  readonly facts: EntryFacts;
  /** Decoded and private: neither changed nor handed out; callers get copies. */
  readonly value: unknown;
  /** What decoded it, and copies it; `undefined`: the cache's own. */
  readonly codec?: ValueCodec | undefined;
  /** {@link MemoryTier.epoch} when all its versions were last known to be current; written by who checks them. */
  checkedEpoch: number;
}

/**
 * What of the store this process holds. Nothing is answered that the store's change feed does not vouch for, or that the
 * store itself no longer keeps.
 */
export interface MemoryTier {
  /** `false`: nothing is ever held. */
  readonly isOn: boolean;
  /** Grows with every change of a version, known or not. */
  readonly epoch: number;
  entry(storageKey: string): HeldEntry | undefined;
  version(versionKey: string): string | undefined;
  /** To be called before the store is asked for these keys. */
  beginRead(keys: readonly string[]): MemoryRead;
  /** What is held of it is of no use. */
  drop(storageKey: string): void;
}

/** The store is being asked. What changes meanwhile is not held. Always ends with `end`. */
export interface MemoryRead {
  /** `bytes`: encoded size. `ttlLeftMs`: how long the store will still keep it. Nothing is held once a key has changed. */
  holdEntry(storageKey: string, held: HeldEntry, bytes: number, ttlLeftMs: number): void;
  holdVersion(versionKey: string, token: string): void;
  end(): void;
}
