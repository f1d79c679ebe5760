/** What `ThrottlerStorage` of `@nestjs/throttler` answers. Times are whole seconds. */
interface HitRecord {
  readonly totalHits: number;
  readonly timeToExpire: number;
  readonly isBlocked: boolean;
  readonly timeToBlockExpire: number;
}

/** Callers that are remembered; past it, whoever was heard of least lately is forgotten. */
const MAX_CALLERS = 10_000;

/**
 * When each caller was let through lately: a storage for `@nestjs/throttler`, in bounded memory and without timers. A request
 * that is one too many does not count, so that a caller who goes on asking is let through again in the end.
 */
export class CallerHits {
  /** Moments in milliseconds, the oldest first; the caller heard of last stands last. */
  private readonly hits = new Map<string, readonly number[]>();

  constructor(
    private readonly now: () => number = () => performance.now(),
    private readonly maxCallers = MAX_CALLERS,
  ) {}

  increment(caller: string, ttlMs: number, limit: number): Promise<HitRecord> {
    const now = this.now();
    const recent = (this.hits.get(caller) ?? []).filter((hit) => hit > now - ttlMs);
    const isBlocked = recent.length >= limit;
    const hits = isBlocked ? recent : [...recent, now];
    this.remember(caller, hits);
    const [oldest = now] = hits;
    const timeToExpire = Math.max(1, Math.ceil((oldest + ttlMs - now) / 1_000));
    const totalHits = hits.length + (isBlocked ? 1 : 0);
    return Promise.resolve({ totalHits, timeToExpire, isBlocked, timeToBlockExpire: isBlocked ? timeToExpire : 0 });
  }

  private remember(caller: string, hits: readonly number[]): void {
    this.hits.delete(caller);
    this.hits.set(caller, hits);
    if (this.hits.size <= this.maxCallers) return;
    const [oldest] = this.hits.keys();
    if (oldest !== undefined) this.hits.delete(oldest);
  }
}
