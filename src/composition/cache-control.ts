import { AsyncLocalStorage } from 'node:async_hooks';
import type { CacheControlValues, ControlSource } from '../core/ports/cache-control.js';
import { mergeControl } from '../core/policy/resolve-control.js';

/** How all cached calls inside of a function deal with the cache. See {@link CacheControl}. */
export class AmbientControl implements ControlSource {
  private readonly storage = new AsyncLocalStorage<CacheControlValues>();

  /**
   * Runs `fn`. `values` hold for every cached call that it makes, awaited or not, decorated methods and loaders included,
   * whichever cache they go to; values of an enclosing `run()` hold on where `values` does not name them, and `control` of
   * a call's own policy wins. Of `bypass`, `refresh` and `onlyIfCached`, the inner one ends the outer one.
   *
   * Throws `CacheArgumentError`, and does not run `fn`, for values that are wrong or contradict one another.
   */
  run<T>(values: CacheControlValues, fn: () => T): T {
    return this.storage.run(mergeControl(this.storage.getStore(), values), fn);
  }

  current(): CacheControlValues | undefined {
    return this.storage.getStore();
  }
}

/** How the calls that a function makes deal with the cache: `CacheControl.run({ refresh: true }, () => …)`. */
export const CacheControl: AmbientControl = new AmbientControl();
