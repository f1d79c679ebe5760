import type { Group } from '../versions/groups.js';
import type { Clock } from '../ports/clock.js';
import { groupId, keyId, targetsOf } from './target-ids.js';

/** How long a confirmed invalidation may still be lost, when a replica that has not heard of it takes over. */
const KEPT_MS = 60_000;
const MAX_KEPT = 10_000;

/** What was confirmed lately. */
export interface RecentTargets {
  readonly groups: readonly Group[];
  readonly storageKeys: readonly string[];
  /** More than is remembered, or keys that are not known one by one. */
  readonly everything: boolean;
}

/**
 * Invalidations, and keys that were set, that the store has confirmed within the last minute. A failover can lose what was
 * confirmed, so they are repeated when a lost store is back, before anything is served. Bounded: past 10,000 it no longer
 * remembers which.
 */
export class RecentInvalidations {
  /** In the order of their confirmation. */
  private readonly confirmedAtMs = new Map<string, number>();
  private everythingAtMs = -Infinity;

  constructor(private readonly clock: Clock) {}

  confirmedGroups(groups: readonly Group[]): void {
    for (const group of groups) this.confirmed(groupId(group));
  }

  confirmedKeys(storageKeys: readonly string[]): void {
    for (const storageKey of storageKeys) this.confirmed(keyId(storageKey));
  }

  /** What a pattern named is not known key by key. */
  confirmedEverything(): void {
    this.everythingAtMs = this.clock.monotonicNow();
  }

  /** What is to be repeated. */
  recent(): RecentTargets {
    this.forgetOld();
    return {
      ...targetsOf(this.confirmedAtMs.keys()),
      everything: this.everythingAtMs > this.clock.monotonicNow() - KEPT_MS,
    };
  }

  private confirmed(id: string): void {
    this.confirmedAtMs.delete(id);
    this.confirmedAtMs.set(id, this.clock.monotonicNow());
    if (this.confirmedAtMs.size > MAX_KEPT) this.forgetOld();
    if (this.confirmedAtMs.size <= MAX_KEPT) return;
    this.confirmedAtMs.clear();
    this.confirmedEverything();
  }

  private forgetOld(): void {
    const keptFromMs = this.clock.monotonicNow() - KEPT_MS;
    for (const [id, atMs] of this.confirmedAtMs) {
      if (atMs > keptFromMs) return;
      this.confirmedAtMs.delete(id);
    }
  }
}
