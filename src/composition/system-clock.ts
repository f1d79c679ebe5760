import type { Clock, Timer } from '../core/ports/clock.js';

/** The machine's own time. Timers do not keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicNow: () => performance.now(),
  after(ms: number, callback: () => void): Timer {
    const handle = setTimeout(callback, ms).unref();
    return { cancel: () => clearTimeout(handle) };
  },
  nextTurn: (callback: () => void) => void setImmediate(callback),
};
