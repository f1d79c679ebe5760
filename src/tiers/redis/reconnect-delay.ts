/**
 * Milliseconds from the beginning of one attempt to connect to the next, `downMs` after the connection was lost.
 *
 * While calls want the store, an outage is prolonged by no more than half a percent of its length, or 25 ms: trying is
 * cheap for both sides, and the first call after the store is back shall find it. While nobody asks, the pace slows
 * down to two seconds. Jittered down to half, so that many instances do not come back in step.
 */
export function reconnectDelayMs(downMs: number, isWanted: boolean, random: () => number): number {
  const delayMs = isWanted ? between(25, downMs / 200, 1_000) : between(50, downMs / 2, 2_000);
  return delayMs * (0.5 + random() / 2);
}

const between = (low: number, value: number, high: number): number => Math.min(Math.max(value, low), high);
