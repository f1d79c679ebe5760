import type { LoadRequest } from './load-path.js';
import type { LoadContext } from './policy/cache-policy.js';
import type { PolicyResolver } from './policy/resolve-policy.js';

/** What loaders are given. Each load has a signal of its own: whatever listens to it is free to go with the load. */
export class LoadContexts {
  private readonly controllers = new Set<AbortController>();

  constructor(private readonly policies: PolicyResolver) {}

  /** Runs `load` with a signal that {@link abort} aborts as long as it is under way. */
  async during<T>(load: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    this.controllers.add(controller);
    try {
      return await load(controller.signal);
    } finally {
      this.controllers.delete(controller);
    }
  }

  /** Aborts the loads that are under way. Later ones are not touched. */
  abort(): void {
    for (const controller of this.controllers) controller.abort();
  }

  /** For the loader of one result: what it decides is kept in `request`. */
  contextOf<T>(request: LoadRequest<T>, signal: AbortSignal): LoadContext {
    return {
      key: request.address.key,
      signal,
      ttl: (duration) => {
        request.lifetime = this.policies.lifetimeOf({ ttl: duration }, request.lifetime.graceMs);
      },
      skip: (reason) => {
        request.skipReason = reason;
      },
    };
  }
}
