/** How patient and how greedy the guard is, apart from what users configure. */
export interface ResilienceTuning {
  /** Failures in a row that open the breaker, while the store answers other commands. */
  readonly breakerThreshold: number;
  /** Milliseconds for which an open breaker lets nothing through. */
  readonly breakerOpenMs: number;
  /** How often a failed command may be sent again. */
  readonly retries: number;
  /** Bytes of arguments under way at once; a command that comes on top is shed. */
  readonly maxInFlightBytes: number;
}

export const RESILIENCE_DEFAULTS: ResilienceTuning = {
  breakerThreshold: 10,
  breakerOpenMs: 500,
  retries: 2,
  maxInFlightBytes: 32 * 1024 * 1024,
};
