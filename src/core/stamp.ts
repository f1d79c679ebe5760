import type { Group } from './groups.js';
import type { Snapshot } from './ports/codec.js';

/** Tokens of an entry's groups as they were when it was read: what a load that begins now is stamped with. */
export interface Fence {
  /** `null`: the group has no token yet. */
  readonly tokens: ReadonlyMap<Group, string | null>;
  /** They were read while an invalidation waited for its confirmation, so nothing may be stored under them. */
  readonly isCovered?: boolean;
}

/** The versions that a result is stored under: those that were current before it began to come about. */
export class Stamp {
  /** Whether anything may be stored under it. */
  readonly isUsable: boolean;
  /** Groups that had no version yet and need one. */
  readonly missing: readonly Group[];
  private readonly pairs: readonly (readonly [Group, string | null])[];
  /** Versions that are being created for groups that had none. */
  private readonly offered = new Map<Group, string>();
  private isConfirmed = false;

  /** `fence`: what was read before; `null`: not known, so that nothing is stored. */
  constructor(private readonly fence: Fence | null) {
    this.isUsable = fence !== null && !fence.isCovered;
    this.pairs = this.isUsable ? [...(fence?.tokens ?? [])] : [];
    this.missing = this.pairs.filter(([, token]) => token === null).map(([group]) => group);
  }

  /** `tokens` are being written for what is missing. */
  offer(tokens: Snapshot): void {
    for (const group of this.missing) this.offered.set(group, tokens[group] ?? '');
  }

  /** What was offered is written, and nothing was there before. */
  confirm(): void {
    this.isConfirmed = true;
  }

  /** `null` where a version is not known. */
  get snapshot(): Snapshot | null {
    if (!this.isUsable || (!this.isConfirmed && this.missing.length > 0)) return null;
    return Object.fromEntries(this.pairs.map(([group, token]) => [group, token ?? this.offered.get(group) ?? '']));
  }

  /**
   * Whether it stands for the very versions that a caller has just seen. Who sees no version where there was none, or the
   * one that was offered, sees that no invalidation came in between: its token would be another one.
   */
  isUnder(seen: Fence | null): boolean {
    const own = this.fence?.tokens;
    if (!seen || !own) return !seen && !own;
    // Of a group that the caller does not name, it has not seen the version.
    if (seen.tokens.size !== own.size) return false;
    return [...seen.tokens].every(
      ([group, token]) => token === own.get(group) || (token !== null && token === this.offered.get(group)),
    );
  }
}
