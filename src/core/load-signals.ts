import type { Flight } from './flights.js';

/** The signals of the loads that are under way. Each load has its own: whatever listens to it is free to go with it. */
export class LoadSignals {
  private readonly controllers = new Set<AbortController>();

  /**
   * Runs `load` with a signal that is aborted when nobody waits for any of `flights` any more, by `outer`, or by
   * {@link abort}.
   */
  async during<T>(
    flights: readonly Flight[],
    outer: AbortSignal | undefined,
    load: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const controller = new AbortController();
    this.controllers.add(controller);
    const onDeserted = (): void => {
      if (flights.some(({ interest }) => interest > 0)) return;
      // Who comes now is not to get what was given up.
      for (const flight of flights) flight.isOvertaken = true;
      controller.abort();
    };
    for (const flight of flights) flight.onDeserted = onDeserted;
    try {
      return await load(outer ? AbortSignal.any([outer, controller.signal]) : controller.signal);
    } finally {
      this.controllers.delete(controller);
      for (const flight of flights) flight.onDeserted = null;
    }
  }

  /** Aborts the loads that are under way. Later ones are not touched. */
  abort(): void {
    for (const controller of this.controllers) controller.abort();
  }
}
