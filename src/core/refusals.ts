import type { EntryAddress } from './entry.js';
import type { BypassReason, EventSink } from './events.js';
import { digest } from './key/digest.js';

/** How many keys, and how many categories, the last refusal is remembered of. */
const MAX_REMEMBERED = 1_000;
const MAX_REASONS_PER_CATEGORY = 20;

/** Reports what was not stored, and remembers the last of it for `explain`: reasons by hashes of keys, never a value. */
export class Refusals {
  private readonly byKey = new Map<string, string>();
  private readonly byCategory = new Map<string, Map<string, number>>();

  constructor(private readonly events: EventSink) {}

  /** `isIntended`: the loader or the policy wanted it so. */
  refuse({ category, storageKey }: EntryAddress, reason: string, isIntended: boolean): void {
    this.events.emit('refused', { category, reason, ...(isIntended && { isIntended }) });
    this.remember(storageKey, `Its last result was not stored: ${reason}.`);
  }

  /** A call went past the cache on purpose; `storageKey`: where it would have been stored, where that is known. */
  bypass(category: string, reason: BypassReason, storageKey: string | null): void {
    this.events.emit('bypass', { category, reason });
    if (storageKey !== null) this.remember(storageKey, `The last call for it went past the cache: ${reason}.`);
    const counts = this.byCategory.get(category) ?? new Map<string, number>();
    if (!this.byCategory.has(category)) makeRoom(this.byCategory).set(category, counts);
    if (counts.has(reason) || counts.size < MAX_REASONS_PER_CATEGORY) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }

  /** Something is stored under the key: what was refused before is past. */
  forget(storageKey: string): void {
    if (this.byKey.size > 0) this.byKey.delete(digest(storageKey));
  }

  /** A sentence on why nothing may be stored; `null`: nothing is known. */
  explain({ category, storageKey }: EntryAddress): string | null {
    const ofKey = this.byKey.get(digest(storageKey));
    if (ofKey !== undefined) return ofKey;
    const counts = this.byCategory.get(category);
    if (!counts) return null;
    const reasons = [...counts].map(([reason, count]) => `${reason} (${count})`);
    return `Calls of '${category}' went past the cache: ${reasons.join(', ')}.`;
  }

  private remember(storageKey: string, sentence: string): void {
    const hash = digest(storageKey);
    this.byKey.delete(hash);
    makeRoom(this.byKey).set(hash, sentence);
  }
}

/** Without the oldest, where it is full. */
function makeRoom<T>(map: Map<string, T>): Map<string, T> {
  const [oldest] = map.keys();
  if (map.size >= MAX_REMEMBERED && oldest !== undefined) map.delete(oldest);
  return map;
}
