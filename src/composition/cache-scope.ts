import { AsyncLocalStorage } from 'node:async_hooks';
import { CacheArgumentError } from '../core/errors.js';
import { Cascade } from '../core/policy/cascade.js';
import { ResourceGroups } from '../core/policy/resource-groups.js';
import type { Resource } from '../core/policy/resource.js';
import type { RunScope, ScopeValues } from '../core/policy/scope.js';
import { SCOPE_LEVELS, type ScopeSource } from '../core/scope-key.js';
import { textOfChain } from '../core/state/chain-text.js';
import { ForkedRuns } from '../core/state/forked-runs.js';
import { isWellFormed } from '../core/well-formed.js';
import { Copies, type RunContext } from './run-context.js';

/** What a scope works with. */
export interface ScopeParts {
  /** May be read by others, who then know what holds. */
  readonly contexts: AsyncLocalStorage<RunContext>;
  readonly runs: ForkedRuns;
}

/**
 * Who is asking: tenant, principal, workspace, session. Known from `run()`, which holds for everything that its function
 * starts, and from the resolver of the options (a request context of the app, say); what `run()` gives wins.
 *
 * An id that is named but empty, `undefined` or no well-formed text is not known: it is neither inherited nor left out, and
 * calls that need it bypass the cache.
 *
 * With a `base`, the session works on a copy of its own: see `run()`.
 */
export class CacheScope implements ScopeSource {
  private readonly contexts: AsyncLocalStorage<RunContext>;
  private readonly copies: Copies;

  constructor(
    private readonly resolve?: (() => ScopeValues | undefined) | undefined,
    { contexts, runs }: ScopeParts = ownParts(),
  ) {
    this.contexts = contexts;
    this.copies = new Copies(runs);
  }

  /** With a resolver, and inside `run()`, a call for which nothing is known bypasses the cache. */
  get mustKnow(): boolean {
    return this.hasResolver || this.contexts.getStore() !== undefined;
  }

  get hasResolver(): boolean {
    return this.resolve !== undefined;
  }

  /**
   * Runs `fn` in a scope; values of an enclosing `run()` hold on where `values` does not name them. With a `base`, tools work
   * on the session's own copy of it: cached tool results are those of runs whose copies are the same as far as they depend
   * on them, and tools that change something make no result of others unusable. Another session inside of it has a copy of
   * the base of its own.
   *
   * Throws `CacheArgumentError` for an id that is no text, a `base` without a session or that is no text, and a `chain` that
   * is none of that base.
   */
  run<T>(values: RunScope, fn: () => T): T {
    assertTexts(values);
    const outer = this.contexts.getStore();
    const merged = Object.freeze({ ...outer?.values, ...named(values) });
    const scope = this.resolve ? { ...this.resolved(), ...merged } : merged;
    const { context, leave } = this.copies.enter(values, merged, { outer, scope });
    const run = (): T => this.contexts.run(context, fn);
    return leave ? during(run, leave) : run();
  }

  /**
   * Runs `fn` as whoever has exactly these ids, whatever the resolver or an enclosing `run()` knows: who looks after the
   * entries of others names theirs. Without ids nobody is known. Throws `CacheArgumentError` for an id that is no text.
   */
  exactly<T>(values: ScopeValues, fn: () => T): T {
    assertTexts(values);
    return this.contexts.run({ values: Object.freeze(named(values)), copy: undefined, isExact: true }, fn);
  }

  /**
   * `undefined` where nothing is named; an id that is named and not known is empty. Of a resolver that throws, or answers a
   * Promise or anything else that is no object, no id is known: what `run()` does not name bypasses the cache.
   */
  current(): ScopeValues | undefined {
    const context = this.contexts.getStore();
    const given = context?.values;
    const values = this.resolve && !context?.isExact ? { ...this.resolved(), ...given } : given;
    return values && Object.keys(values).length > 0 ? values : undefined;
  }

  /**
   * How far the session has changed its copy, to be handed to `run()` where another process goes on with it: a text of some
   * 32 characters for each thing that was changed, some more for files. `undefined` outside of a run with a `base`.
   */
  chain(): string | undefined {
    const run = this.contexts.getStore()?.copy?.run;
    return run && textOfChain(run.chain());
  }

  /**
   * What the resources are like in the session's copy: the `state` of a policy. `null`: nobody knows, since one of them is
   * being changed. `undefined` outside of a run with a `base`. Throws `CacheArgumentError`.
   */
  state(...resources: Resource[]): string | null | undefined {
    return this.contexts.getStore()?.copy?.run.stateOf(resources);
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

const ownParts = (): ScopeParts => ({
  contexts: new AsyncLocalStorage(),
  runs: new ForkedRuns(new ResourceGroups(new Cascade({}))),
});

/** `ended` is called when `run` has thrown or returned, or the Promise that it returned is settled. */
function during<T>(run: () => T, ended: () => void): T {
  let result: T;
  try {
    result = run();
  } catch (error) {
    ended();
    throw error;
  }
  if (result instanceof Promise) result.then(ended, ended);
  else ended();
  return result;
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
