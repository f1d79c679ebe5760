import { AsyncLocalStorage } from 'node:async_hooks';
import { CacheArgumentError } from '../core/errors.js';
import type { ScopeValues } from '../core/policy/scope.js';
import { SCOPE_LEVELS, type ScopeSource } from '../core/scope-key.js';
import { isWellFormed } from '../core/well-formed.js';

/**
 * Who is asking: tenant, principal, workspace, session. Known from `run()`, which holds for everything that its function
 * starts, and from the resolver of the options (a request context of the app, say); what `run()` gives wins.
 *
 * An id that is named but empty, `undefined` or no well-formed text is not known: it is neither inherited nor left out, and
 * calls that need it bypass the cache.
 */
export class CacheScope implements ScopeSource {
  private readonly storage = new AsyncLocalStorage<ScopeValues>();

  constructor(private readonly resolve?: (() => ScopeValues | undefined) | undefined) {}

  /** With a resolver, and inside `run()`, a call for which nothing is known bypasses the cache. */
  get mustKnow(): boolean {
    return this.resolve !== undefined || this.storage.getStore() !== undefined;
  }

  /**
   * Runs `fn` in a scope; values of an enclosing `run()` hold on where `values` does not name them. Throws
   * `CacheArgumentError` for an id that is no text.
   */
  run<T>(values: ScopeValues, fn: () => T): T {
    assertTexts(values);
    return this.storage.run(Object.freeze({ ...this.storage.getStore(), ...named(values) }), fn);
  }

  /**
   * `undefined` where nothing is named; an id that is named and not known is empty. Of a resolver that throws, or answers a
   * Promise or anything else that is no object, no id is known: what `run()` does not name bypasses the cache.
   */
  current(): ScopeValues | undefined {
    const given = this.storage.getStore();
    const values = this.resolve ? { ...this.resolved(), ...given } : given;
    return values && Object.keys(values).length > 0 ? values : undefined;
  }

  private resolved(): ScopeValues {
    try {
      const values: unknown = this.resolve?.() ?? {};
      if (typeof values === 'object' && !isPromise(values)) return named(values as ScopeValues);
    } catch {
      // As every other answer that says of nobody who it is.
    }
    return UNKNOWN;
  }
}

const UNKNOWN: ScopeValues = Object.fromEntries(SCOPE_LEVELS.map((level) => [level, '']));

/** Nobody else waits for it, should it fail. */
function isPromise(values: object | null): boolean {
  if (typeof (values as PromiseLike<unknown> | null)?.then !== 'function') return false;
  void Promise.resolve(values).catch(() => undefined);
  return true;
}

function named(values: ScopeValues): ScopeValues {
  const levels = SCOPE_LEVELS.filter((level) => level in values);
  return Object.fromEntries(levels.map((level) => [level, idOf(values[level])]));
}

function idOf(value: unknown): string {
  return typeof value === 'string' && isWellFormed(value) ? value : '';
}

function assertTexts(values: unknown): void {
  if (typeof values !== 'object' || values === null) {
    throw new CacheArgumentError(`the scope is ${typeof values}: expected { tenant, principal, workspace, session }`);
  }
  for (const level of SCOPE_LEVELS) {
    const id = (values as Record<string, unknown>)[level];
    if (id === undefined || typeof id === 'string') continue;
    throw new CacheArgumentError(
      `the ${level} of a scope is ${id === null ? 'null' : `of type ${typeof id}`}: expected a text; convert it with String(), or leave it out`,
    );
  }
}
