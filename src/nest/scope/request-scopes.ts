import { AsyncLocalStorage } from 'node:async_hooks';
import type { ScopeValues } from '../../core/policy/scope.js';

/** Who sent the request that is being handled. */
export class RequestScopes {
  private readonly storage = new AsyncLocalStorage<{ readonly values: unknown }>();

  /** Runs `fn`, and all that it starts, for whoever `values` names: whatever the app answered, which is judged where it is used. */
  run<T>(values: unknown, fn: () => T): T {
    return this.storage.run({ values }, fn);
  }

  /** As the app answered it. `undefined` outside of requests, and so before an interceptor runs: nobody is known. */
  current(): ScopeValues | undefined {
    return this.storage.getStore()?.values as ScopeValues | undefined;
  }
}
