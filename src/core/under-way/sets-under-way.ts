import type { EntryAddress } from '../entry.js';

/** A value in somebody's hand on its way into the store. */
export interface SetUnderWay {
  readonly address: EntryAddress;
  /** An invalidation, or something newer under the same key, came meanwhile: it is not to be stored. */
  isOvertaken: boolean;
  /** Resolves when its lease is there, or will not be. */
  readonly leased: Promise<void>;
  /** To be called then. */
  readonly hasLease: () => void;
  /** Resolves when no earlier one of the same key can take the lease from it. */
  readonly turn: Promise<void>;
}

/**
 * The values that this process is about to store without having loaded them. They count as true when they were handed
 * over, so what is invalidated after that, and before their versions were read, keeps them out. Several connections might
 * carry the leases of one key in any order: each waits for the one before.
 */
export class SetsUnderWay {
  private readonly byKey = new Map<string, Set<SetUnderWay>>();

  /** Those of the same key that are under way are overtaken. */
  begin(address: EntryAddress): SetUnderWay {
    const ofKey = this.byKey.get(address.storageKey) ?? new Set();
    for (const earlier of ofKey) earlier.isOvertaken = true;
    const turn = Promise.all([...ofKey].map(({ leased }) => leased)).then(() => undefined);
    let hasLease = (): void => undefined;
    const leased = new Promise<void>((resolve) => (hasLease = resolve));
    const set: SetUnderWay = { address, isOvertaken: false, leased, hasLease, turn };
    this.byKey.set(address.storageKey, ofKey.add(set));
    return set;
  }

  /** The store was handed the value, or will not be. */
  end(set: SetUnderWay): void {
    set.hasLease();
    const ofKey = this.byKey.get(set.address.storageKey);
    ofKey?.delete(set);
    if (ofKey?.size === 0) this.byKey.delete(set.address.storageKey);
  }

  overtake(isCovered: (address: EntryAddress) => boolean): void {
    for (const ofKey of this.byKey.values()) {
      for (const set of ofKey) if (isCovered(set.address)) set.isOvertaken = true;
    }
  }

  overtakeKey(storageKey: string): void {
    for (const set of this.byKey.get(storageKey) ?? []) set.isOvertaken = true;
  }
}
