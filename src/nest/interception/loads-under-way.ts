import { AsyncLocalStorage } from 'node:async_hooks';

interface Load {
  readonly keys: ReadonlySet<string>;
  readonly outer: Load | undefined;
  isDone: boolean;
}

/**
 * Which loads a piece of code runs in. A cached method that calls another one under the same key would otherwise wait for
 * the load that it is part of, for ever.
 */
export class LoadsUnderWay {
  private readonly loads = new AsyncLocalStorage<Load>();

  /** Whether the caller is part of a load of one of `keys` that is still under way. */
  includesAny(keys: readonly string[]): boolean {
    for (let load = this.loads.getStore(); load; load = load.outer) {
      const { isDone, keys: loading } = load;
      if (!isDone && keys.some((key) => loading.has(key))) return true;
    }
    return false;
  }

  async run<T>(keys: readonly string[], work: () => Promise<T>): Promise<T> {
    const load: Load = { keys: new Set(keys), outer: this.loads.getStore(), isDone: false };
    try {
      return await this.loads.run(load, work);
    } finally {
      load.isDone = true;
    }
  }
}
