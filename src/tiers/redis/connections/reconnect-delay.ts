export interface Outage {
  /** Milliseconds since the connection was lost. */
  readonly downMs: number;
  /** Calls are being turned away. */
  readonly isWanted: boolean;
  /** Connections in a row that were lost soon after they were ready. */
  readonly briefCount: number;
}

/**
 * Milliseconds from the beginning of one attempt to connect to the next.
 *
 * While calls want the store, an outage is prolonged by no more than half a percent of its length, or 25 ms: trying is
 * cheap for both sides, and the first call after the store is back shall find it. While nobody asks, the pace slows
 * down to two seconds. Connections that do not last double the shortest pause each, because every one of them costs
 * calls their answer. Jittered down to half, so that many instances do not come back in step.
 */
export function reconnectDelayMs({ downMs, isWanted, briefCount }: Outage, random: () => number): number {
  const doubled = 2 ** Math.max(0, briefCount - 1);
  const delayMs = isWanted ? between(25 * doubled, downMs / 200, 1_000) : between(50 * doubled, downMs / 2, 2_000);
  return delayMs * (0.5 + random() / 2);
}

const between = (low: number, value: number, high: number): number => Math.min(Math.max(value, low), high);
