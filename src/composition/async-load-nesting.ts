import { AsyncLocalStorage } from 'node:async_hooks';
import type { LoadNesting } from '../core/ports/load-nesting.js';

interface Running {
  readonly loads: readonly object[];
  readonly outer: Running | undefined;
  isDone: boolean;
}

/** Follows loads by the asynchronous context of Node. */
export class AsyncLoadNesting implements LoadNesting {
  private readonly storage = new AsyncLocalStorage<Running>();

  isWithin(load: object): boolean {
    for (let running = this.storage.getStore(); running; running = running.outer) {
      if (!running.isDone && running.loads.includes(load)) return true;
    }
    return false;
  }

  async run<T>(loads: readonly object[], work: () => Promise<T>): Promise<T> {
    const running: Running = { loads, outer: this.storage.getStore(), isDone: false };
    try {
      return await this.storage.run(running, work);
    } finally {
      running.isDone = true;
    }
  }
}
