import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { FaultWatch } from './fault-watch.js';

/** Calls under way all the time. */
export interface Callers {
  /** Resolves when the last of them has its answer. */
  end(): Promise<void>;
}

export interface CallersOptions {
  readonly count: number;
  /** Between two calls of one, in milliseconds; 0: a turn of the event loop. */
  readonly pauseMs: number;
  /** Default: by both ways in turn. */
  readonly onlyByCache?: boolean;
}

/** Callers each of whom asks for an entry of its own, `caller-0` and so on. */
export function callersOf(watch: FaultWatch, { count, pauseMs, onlyByCache = false }: CallersOptions): Callers {
  let isEnded = false;
  const call = async (_: unknown, index: number): Promise<void> => {
    const id = `caller-${index}`;
    // Those who ask in one turn of the event loop are asked for together, and would be for ever.
    await sleep(index * 3);
    for (let round = 0; !isEnded; round++) {
      const isByMethod = !onlyByCache && round % 2 === 1;
      await watch.ask(id, () => (isByMethod ? watch.app.viaMethod(id) : watch.app.viaCache(id)));
      // What is answered at once would otherwise let nothing else happen.
      await (pauseMs > 0 ? sleep(pauseMs) : nextTurn());
    }
  };
  const callers = Promise.all(Array.from({ length: count }, call));
  return {
    end: async () => {
      isEnded = true;
      await callers;
    },
  };
}
