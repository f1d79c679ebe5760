const FIRST_PAUSE_MS = 10;
const GROWTH = 3;

/**
 * Milliseconds to wait before a command is sent again for the `retry`-th time (from 1): about 10, then about 30, and so
 * on. Jittered by a quarter either way, so that callers whom one fault hit together do not come back together.
 */
export function retryPauseMs(retry: number, random: () => number): number {
  return FIRST_PAUSE_MS * GROWTH ** (retry - 1) * (0.75 + random() / 2);
}
