import type { EntryAddress } from '../entry.js';
import type { EventSink } from '../events.js';
import type { FoundEntry, ReadResult } from './read-result.js';

/** Tells what reads have come to. */
export class ReadReport {
  constructor(private readonly events: EventSink) {}

  /** `ms`: how long the read took; of a batch, the entry's share. */
  read({ category, key }: EntryAddress, result: ReadResult, ms: number): void {
    const { events } = this;
    if (result.status === 'miss') return events.emit('miss', { category, key, ms, reason: result.reason });
    if (result.status === 'stale') return events.emit('miss', { category, key, ms, reason: 'expired' });
    const { loadMs, expiresAtMs } = result.facts;
    const ttlLeftMs = Math.max(0, expiresAtMs - result.foundAtMs);
    const savedMs = Math.max(0, loadMs - ms);
    events.emit('hit', { category, key, ms, tier: result.tier, ageMs: ageOf(result), ttlLeftMs, savedMs });
  }

  /** Something was served past its time to live. */
  stale({ category, key }: EntryAddress, result: FoundEntry): void {
    this.events.emit('stale', { category, key, ageMs: ageOf(result) });
  }
}

/** Milliseconds for which it had been stored when it was found. */
export const ageOf = ({ facts, foundAtMs }: FoundEntry): number => Math.max(0, foundAtMs - facts.storedAtMs);
