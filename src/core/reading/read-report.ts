import type { EntryAddress } from '../entry.js';
import type { CacheEvents, EventSink } from '../events.js';
import { costOf } from '../policy/cost.js';
import type { FoundEntry, ReadResult } from './read-result.js';

/** Tells what reads have come to. */
export class ReadReport {
  constructor(private readonly events: EventSink) {}

  /** `ms`: how long the read took; of a batch, the entry's share. */
  read({ category, key, tool, cost }: EntryAddress, result: ReadResult, ms: number): void {
    const { events } = this;
    if (result.status === 'miss') return events.emit('miss', { category, key, ms, reason: result.reason });
    if (result.status === 'stale') return events.emit('miss', { category, key, ms, reason: 'expired' });
    const { loadMs, expiresAtMs } = result.facts;
    const ttlLeftMs = Math.max(0, expiresAtMs - result.foundAtMs);
    const savedMs = Math.max(0, loadMs - ms);
    const hit = { category, key, ms, tier: result.tier, ageMs: ageOf(result), ttlLeftMs, savedMs };
    events.emit('hit', tool === undefined && cost === undefined ? hit : { ...hit, ...this.savedBy(result) });
  }

  /** What only those pay for whose policy names it. */
  private savedBy({ address, value }: FoundEntry): Pick<CacheEvents['hit'], 'tool' | 'tokens' | 'usd'> {
    const { category, tool, cost } = address;
    const named = tool === undefined ? {} : { tool };
    if (cost === undefined) return named;
    const saved = costOf(cost, value);
    if (saved === null) this.events.emit('costUnknown', { category });
    const { tokens = 0, usd = 0 } = saved ?? {};
    return { ...named, tokens, usd };
  }

  /** Something was served past its time to live. */
  stale({ category, key }: EntryAddress, result: FoundEntry): void {
    this.events.emit('stale', { category, key, ageMs: ageOf(result) });
  }
}

/** Milliseconds for which it had been stored when it was found. */
export const ageOf = ({ facts, foundAtMs }: FoundEntry): number => Math.max(0, foundAtMs - facts.storedAtMs);
