import type { Duration } from '../policy/duration.js';

/**
 * How calls deal with the cache, besides their policy. At most one of `bypass`, `refresh` and `onlyIfCached` may be true.
 * What is left out, or `undefined`, is as the enclosing one says.
 */
export interface CacheControlValues {
  /** The cache is neither asked nor told: the loader runs, and for this call alone. What is to go still goes. */
  readonly bypass?: boolean | undefined;
  /** Loads anew, whatever is stored, and stores the result. */
  readonly refresh?: boolean | undefined;
  /**
   * Does not load: rejects with `CacheMissError` where nothing usable is stored. A call that goes past the cache for another
   * reason (disabled, closed, unknown scope) runs its loader all the same.
   */
  readonly onlyIfCached?: boolean | undefined;
  /** What was stored longer ago than this counts as expired. `'0s'` allowed. Default: whatever is within its time to live. */
  readonly maxAge?: Duration | undefined;
  /** What is loaded is not stored. */
  readonly noStore?: boolean | undefined;
}

/** Knows how the calls of whoever is asking deal with the cache. */
export interface ControlSource {
  /** Has been checked. `undefined`: nothing was said. */
  current(): CacheControlValues | undefined;
}
