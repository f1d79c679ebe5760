import type { Clock } from '../ports/clock.js';

/** What `work` resolves to, or `fallback` once `ms` milliseconds have passed; the work goes on. `work` must not reject. */
export function within<T, F>(clock: Clock, ms: number, work: Promise<T>, fallback: F): Promise<T | F> {
  if (ms <= 0) return Promise.resolve(fallback);
  return new Promise((resolve) => {
    const timer = clock.after(ms, () => resolve(fallback));
    void work.then((value) => {
      timer.cancel();
      resolve(value);
    });
  });
}
