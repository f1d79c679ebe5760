import type { Clock } from '../ports/clock.js';

/**
 * What `work` resolves to, or `fallback` once `ms` milliseconds and one turn of the event loop have passed, so that replies
 * which already wait are used; the work goes on. `work` must not reject.
 */
export function within<T, F>(clock: Clock, ms: number, work: Promise<T>, fallback: F): Promise<T | F> {
  if (ms <= 0) return Promise.resolve(fallback);
  return new Promise((resolve) => {
    const timer = clock.after(ms, () => clock.nextTurn(() => resolve(fallback)));
    void work.then((value) => {
      timer.cancel();
      resolve(value);
    });
  });
}

/**
 * As {@link within}, counted from the next turn of the event loop: what was asked in this one leaves at its end, and until then
 * it is this process that is slow.
 */
export function withinFromNextTurn<T, F>(clock: Clock, ms: number, work: Promise<T>, fallback: F): Promise<T | F> {
  if (ms <= 0) return Promise.resolve(fallback);
  return new Promise((resolve) => {
    let isDone = false;
    clock.nextTurn(() => {
      if (!isDone) void within(clock, ms, work, fallback).then(resolve);
    });
    void work.then((value) => {
      isDone = true;
      resolve(value);
    });
  });
}
