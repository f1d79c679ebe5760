import type { EntryAddress } from '../entry.js';
import type { Clock } from '../ports/clock.js';
import type { HeldEntry, MemoryTier } from '../ports/memory-tier.js';
import type { PendingInvalidations } from '../invalidation/pending-invalidations.js';
import type { FoundEntry } from './read-result.js';
import type { Copied, ValueCodecs } from '../value-codecs.js';
import type { VersionTokens } from '../versions/version-tokens.js';

interface MemoryHitsParts {
  readonly memory: MemoryTier;
  readonly tokens: VersionTokens;
  readonly pending: PendingInvalidations;
  readonly values: ValueCodecs;
  readonly clock: Clock;
}

/**
 * Serves what memory holds, by the same rules as what the store holds. All versions of an entry are compared only when
 * some version has changed since they last were: an entry with many groups costs no more than one with none.
 */
export class MemoryHits {
  constructor(private readonly parts: MemoryHitsParts) {}

  /** `null`: the store is to be asked. */
  find(address: EntryAddress): FoundEntry | null {
    const { memory, pending, clock } = this.parts;
    if (!address.isHeld || !memory.isOn) return null;
    const held = memory.entry(address.storageKey);
    // What another codec has written is a miss.
    if (!held || held.codec !== address.codec || !this.isValid(held, address)) return null;
    if (!pending.isEmpty && (pending.covers(address) || pending.coversSome(Object.keys(held.facts.snapshot))))
      return null;
    const foundAtMs = clock.now();
    if (foundAtMs >= held.facts.expiresAtMs) return null;
    const copied = this.copy(address, held.value);
    if (!copied) return null;
    const { facts } = held;
    return {
      status: 'hit',
      address,
      facts,
      value: copied.value,
      tier: 'memory',
      foundAtMs,
      fence: null,
      lease: null,
      askedAtMs: 0,
    };
  }

  /** A private copy of what a codec has decoded. */
  copy({ codec }: EntryAddress, value: unknown): Copied {
    return this.parts.values.copy(value, codec);
  }

  private isValid(held: HeldEntry, { groups, storageKey }: EntryAddress): boolean {
    const { snapshot } = held.facts;
    for (const group of groups) if (snapshot[group] === undefined) return false;
    const { memory, tokens } = this.parts;
    if (held.checkedEpoch === memory.epoch) return true;
    for (const group in snapshot) {
      const token = memory.version(tokens.storageKeyOf(group));
      if (token === undefined) return false;
      if (token === snapshot[group]) continue;
      memory.drop(storageKey);
      return false;
    }
    held.checkedEpoch = memory.epoch;
    return true;
  }
}
