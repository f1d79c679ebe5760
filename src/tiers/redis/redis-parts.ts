import type { EventSink } from '../../core/events.js';
import type { Clock } from '../../core/ports/clock.js';
import type { ResilienceTuning } from '../../core/resilience/resilience-defaults.js';

/** How a store on Redis hears of what others change. */
export interface TrackingOptions {
  /**
   * Where the server refuses to tell of changes: for how long what was read may still be served, in milliseconds. `null`:
   * not at all.
   */
  readonly withoutTrackingMs: number | null;
  /** How long to wait before a server that has refused is asked again, in milliseconds. Default 30 seconds. */
  readonly askAgainMs?: number;
}

export interface RedisParts {
  readonly clock: Clock;
  /**
   * Hears `tierFailed` and `tierRecovered`, once per change: of the tier `redis`, and of the tier `memory` when the server
   * refuses to tell of changes.
   */
  readonly events: EventSink;
  /** First part of every key, without its `:`. Default `''`. */
  readonly prefix?: string;
  /** Default `null`: nobody asks what others have changed, and no connection is opened for it. */
  readonly tracking?: TrackingOptions | null;
  /** Default {@link RESILIENCE_DEFAULTS}. */
  readonly tuning?: Partial<ResilienceTuning>;
  /** Between 0 and 1, for jitter. Default `Math.random`. */
  readonly random?: () => number;
}
