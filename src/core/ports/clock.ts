/** A timer that can be called off. Cancelling twice, or after it fired, does nothing. */
export interface Timer {
  cancel(): void;
}

/** Where time comes from. The cache asks nothing else for it, so tests move it by hand. */
export interface Clock {
  /** Wall clock: milliseconds since 1970-01-01 UTC. May jump; used only for what other processes read. */
  now(): number;
  /** Milliseconds since some fixed moment of this process. Never goes back; used for every duration. */
  monotonicNow(): number;
  /** Runs `callback` once after `ms` milliseconds. Never keeps the process alive. */
  after(ms: number, callback: () => void): Timer;
  /** Runs `callback` after the event loop has handled the input that is already waiting. */
  nextTurn(callback: () => void): void;
}
