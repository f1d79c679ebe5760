const SLOTS = 8_192;

/** A moment in the order of all changes. */
export type Moment = number;

/**
 * When which keys were last told to have changed, in bounded memory: keys share slots, so a key may seem to have changed
 * because another one has, never the other way round.
 *
 * Reads are compared with it in place of being registered: a read that is under way costs nothing until its answer comes,
 * and a change costs the same however many reads there are.
 */
export class ChangeMarks {
  private latest: Moment = 0;
  private allChangedAt: Moment = 0;
  private readonly changedAt = new Float64Array(SLOTS);

  get now(): Moment {
    return this.latest;
  }

  mark(key: string): void {
    this.changedAt[slotOf(key)] = ++this.latest;
  }

  markAll(): void {
    this.allChangedAt = ++this.latest;
  }

  /** Whether any of `keys` may have changed after `since`. */
  hasChanged(keys: readonly string[], since: Moment): boolean {
    if (this.latest === since) return false;
    return this.allChangedAt > since || keys.some((key) => (this.changedAt[slotOf(key)] as number) > since);
  }
}

/** FNV-1a: keys that differ in their last character only, as most do, fall far apart. */
function slotOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index++) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  return (hash ^ (hash >>> 16)) & (SLOTS - 1);
}
