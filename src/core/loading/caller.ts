import type { Flight } from '../under-way/flights.js';

/** One call that waits for loads, and may stop waiting. */
export class Caller {
  /** `null`: none, as for all who find what they ask for. */
  private flights: Set<Flight> | null = null;
  private hasLeft = false;

  /** Waits for `flight` from now on. */
  board(flight: Flight): void {
    if (this.hasLeft || this.flights?.has(flight)) return;
    (this.flights ??= new Set()).add(flight);
    flight.interest++;
  }

  /** Stops waiting for one load, which is aborted if nobody else waits for it. */
  alight(flight: Flight): void {
    if (!this.flights?.delete(flight)) return;
    flight.interest--;
    if (flight.interest === 0) flight.onDeserted?.();
  }

  /** Stops waiting for all. */
  leave(): void {
    this.hasLeft = true;
    for (const flight of this.flights ?? []) this.alight(flight);
  }
}

/**
 * What `work` comes to, unless `signal` is aborted before that: then it rejects with the signal's reason, and the caller
 * leaves what it waits for.
 */
export function unlessAborted<T>(signal: AbortSignal | undefined, caller: Caller, work: () => Promise<T>): Promise<T> {
  return signal ? raced(signal, caller, work) : work();
}

async function raced<T>(signal: AbortSignal, caller: Caller, work: () => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  const ending = new AbortController();
  const aborted = new Promise<never>((_, reject) => {
    const onAbort = (): void => {
      caller.leave();
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', onAbort, { once: true, signal: ending.signal });
  });
  try {
    return await Promise.race([work(), aborted]);
  } finally {
    ending.abort();
  }
}
