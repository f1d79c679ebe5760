import type { Flight } from '../under-way/flights.js';

/** The signal of one load. Most loaders never look at theirs, so it is made when one does. */
export class LoadSignal {
  private controller: AbortController | null = null;
  private made: AbortSignal | null = null;
  private isAborted = false;

  constructor(
    /** Aborts it as well. */
    private readonly outer: AbortSignal | undefined,
    /** Called once, when the load is aborted while it is under way. */
    private readonly onAbort: () => void,
  ) {}

  get signal(): AbortSignal {
    if (this.made) return this.made;
    this.controller = new AbortController();
    if (this.isAborted) this.controller.abort();
    const { signal } = this.controller;
    this.made = this.outer ? AbortSignal.any([this.outer, signal]) : signal;
    return this.made;
  }

  abort(): void {
    if (this.isAborted) return;
    this.isAborted = true;
    this.onAbort();
    this.controller?.abort();
  }
}

/** The signals of the loads that are under way. Each load has its own: whatever listens to it is free to go with it. */
export class LoadSignals {
  private readonly running = new Set<LoadSignal>();

  /**
   * Runs `load` with a signal that is aborted when nobody waits for any of `flights` any more, by `outer`, or by
   * {@link abort}. `onAbort` is told of the first and the last, before anybody else.
   */
  async during<T>(
    { flights, outer, onAbort }: { flights: readonly Flight[]; outer?: AbortSignal | undefined; onAbort?: () => void },
    load: (own: LoadSignal) => Promise<T>,
  ): Promise<T> {
    const own = new LoadSignal(outer, () => onAbort?.());
    this.running.add(own);
    const onDeserted = (): void => {
      if (flights.some(({ interest }) => interest > 0)) return;
      // Who comes now is not to get what was given up.
      for (const flight of flights) flight.isOvertaken = true;
      own.abort();
    };
    for (const flight of flights) flight.onDeserted = onDeserted;
    try {
      return await load(own);
    } finally {
      this.running.delete(own);
      for (const flight of flights) flight.onDeserted = null;
    }
  }

  /** Aborts the loads that are under way. Later ones are not touched. */
  abort(): void {
    for (const own of this.running) own.abort();
  }
}
