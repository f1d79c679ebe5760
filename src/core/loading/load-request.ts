import type { Caller } from './caller.js';
import type { EntryAddress, ResolvedPolicy } from '../entry.js';
import type { Flight, Sighting } from '../under-way/flights.js';
import type { Group } from '../versions/groups.js';
import type { LoadSignal } from './load-signals.js';
import type { CachePolicy } from '../policy/cache-policy.js';
import type { FoundEntry } from '../reading/read-result.js';

/** A load to be done for one address. The loader may change what is not `readonly` for its own result. */
export interface LoadRequest<T> extends Sighting {
  readonly address: EntryAddress;
  /** What stands under the key; `null`: nothing. `'any'`: whatever stands there is to be replaced. */
  readonly seen: Buffer | null | 'any';
  /** What is there, has outlived its time to live and may still be served. */
  readonly stale: FoundEntry | null;
  readonly admit: CachePolicy<T>['admit'];
  policy: ResolvedPolicy;
  skipReason: string | null;
  /** Groups that the loader has named. */
  readonly lateGroups: Set<Group>;
}

/** `isStorable: false`: the value was passed through and will not be served again. */
export interface Loaded<T> {
  readonly value: T;
  readonly isStorable: boolean;
}

/** How long the store may still keep a caller waiting, in milliseconds. */
export interface Budget {
  leftMs: number;
}

/** Answers the requests in their order, exactly one result each. */
export type Load<T> = (requests: readonly LoadRequest<T>[], own: LoadSignal) => Promise<readonly T[]>;

/** What one call loads with. */
export interface Loading<T> {
  readonly load: Load<T>;
  readonly caller: Caller;
  readonly budget: Budget;
}

export interface Led<T> {
  readonly request: LoadRequest<T>;
  readonly flight: Flight;
}
