import { AsyncLocalStorage } from 'node:async_hooks';
import type { LoadNesting } from '../core/ports/load-nesting.js';

/** Loads that one piece of work is about. It may outlive them, held by whatever they have left running. */
interface Running {
  outer: Running | undefined;
  isDone: boolean;
  /** What code of it waits for. */
  readonly waits: Set<{ readonly load: object }>;
}

/** Follows loads by the asynchronous context of Node. */
export class AsyncLoadNesting implements LoadNesting {
  private readonly storage = new AsyncLocalStorage<Running>();
  private readonly runningByLoad = new WeakMap<object, Running>();

  isWithin(load: object): boolean {
    const own = new Set(this.running());
    if (own.size === 0) return false;
    const seen = new Set<Running>();
    const open = [load];
    for (let next = open.pop(); next; next = open.pop()) {
      const running = this.runningByLoad.get(next);
      if (!running || running.isDone || seen.has(running)) continue;
      if (own.has(running)) return true;
      seen.add(running);
      for (const wait of running.waits) open.push(wait.load);
    }
    return false;
  }

  waitFor(load: object): () => void {
    const all = this.running();
    const wait = { load };
    for (const { waits } of all) waits.add(wait);
    return () => {
      for (const { waits } of all) waits.delete(wait);
    };
  }

  async run<T>(loads: readonly object[], work: () => Promise<T>): Promise<T> {
    const running: Running = { outer: this.running()[0], isDone: false, waits: new Set() };
    for (const load of loads) this.runningByLoad.set(load, running);
    try {
      return await this.storage.run(running, work);
    } finally {
      running.isDone = true;
    }
  }

  /** All that the caller is part of, the innermost first. What is done is let go. */
  private running(): Running[] {
    const all: Running[] = [];
    let inner: Running | undefined;
    for (let running = this.storage.getStore(); running; running = running.outer) {
      if (running.isDone) continue;
      if (inner) inner.outer = running;
      all.push((inner = running));
    }
    if (inner) inner.outer = undefined;
    return all;
  }
}
