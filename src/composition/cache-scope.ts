import { AsyncLocalStorage } from 'node:async_hooks';
import type { ScopeValues } from '../core/policy/scope.js';
import type { ScopeSource } from '../core/scope-key.js';

/**
 * Who is asking: tenant, principal, workspace, session. Known from `run()`, which holds for everything that its function
 * starts, and from the resolver of the options (a request context of the app, say); what `run()` gives wins.
 */
export class CacheScope implements ScopeSource {
  private readonly storage = new AsyncLocalStorage<ScopeValues>();

  constructor(private readonly resolve?: (() => ScopeValues | undefined) | undefined) {}

  /** With a resolver, a call for which nothing is known bypasses the cache. */
  get mustKnow(): boolean {
    return this.resolve !== undefined;
  }

  /** Runs `fn` in a scope; values of an enclosing `run()` hold on where `values` does not name them. */
  run<T>(values: ScopeValues, fn: () => T): T {
    return this.storage.run({ ...this.storage.getStore(), ...known(values) }, fn);
  }

  /** `undefined` where nothing is known. A resolver that throws knows nothing: the call bypasses the cache. */
  current(): ScopeValues | undefined {
    const values = { ...known(this.resolved()), ...this.storage.getStore() };
    return Object.keys(values).length > 0 ? values : undefined;
  }

  private resolved(): ScopeValues | undefined {
    try {
      return this.resolve?.();
    } catch {
      return undefined;
    }
  }
}

const LEVELS = ['tenant', 'principal', 'workspace', 'session'] as const;

/** Only what is a text with content: an empty id is an unknown one. */
function known(values: ScopeValues | undefined): ScopeValues {
  const pairs = LEVELS.map((level) => [level, values?.[level]] as const);
  return Object.fromEntries(pairs.filter(([, id]) => typeof id === 'string' && id !== ''));
}
