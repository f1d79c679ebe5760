import { CacheArgumentError } from '../core/errors.js';
import type { RunScope, ScopeValues } from '../core/policy/scope.js';
import type { ForkedRun } from '../core/state/forked-run.js';
import type { EnteredRun, ForkedRuns } from '../core/state/forked-runs.js';
import { isWellFormed } from '../core/well-formed.js';

/** What holds inside `CacheScope.run()`. */
export interface RunContext {
  /** Frozen. */
  readonly values: ScopeValues;
  /** The session's copy; `undefined`: it works on the live world. */
  readonly copy: { readonly base: string; readonly run: ForkedRun } | undefined;
  /** The values are all there is: whoever else asks is not looked at. */
  readonly isExact?: true;
}

/** Finds the copy that a function works on. */
export class Copies {
  constructor(private readonly runs: ForkedRuns) {}

  /**
   * `given`: what `run()` was given; `scope`: whoever asks inside of it. Answers the context, and what is to be called when
   * the function has ended. Throws `CacheArgumentError`.
   */
  enter(
    given: RunScope,
    values: ScopeValues,
    { outer, scope }: { readonly outer: RunContext | undefined; readonly scope: ScopeValues },
  ): { readonly context: RunContext; readonly leave?: (this: void) => void } {
    const isNamed = Object.hasOwn(given, 'base');
    const base = isNamed ? given.base : outer?.copy?.base;
    assertCopy(given, scope);
    if (base === undefined) return { context: { values, copy: undefined } };
    if (!isNamed && isSameSession(values, outer?.values)) return { context: { values, copy: outer?.copy } };
    const entered = this.runOf(base, scope, given.chain);
    return { context: { values, copy: { base, run: entered.run } }, leave: entered.leave };
  }

  private runOf(base: string, scope: ScopeValues, chain: string | undefined): EnteredRun {
    const { session, tenant } = scope;
    if (session && tenant !== '') return this.runs.enter({ base, chain, scope: { ...scope, session } });
    return { run: this.runs.unknown(), leave: () => undefined };
  }
}

function isSameSession(values: ScopeValues, outer: ScopeValues | undefined): boolean {
  return values.session === outer?.session && values.tenant === outer?.tenant;
}

function assertCopy(given: RunScope, { session }: ScopeValues): void {
  const { base, chain } = given as { readonly base?: unknown; readonly chain?: unknown };
  if (base === undefined) {
    if (chain === undefined) return;
    throw new CacheArgumentError(
      'run() was given a chain without its base: give it the base that the chain began with',
    );
  }
  if (typeof base !== 'string' || base === '' || !isWellFormed(base)) {
    throw new CacheArgumentError("the base of a run is no text, or empty: expected a text such as 'repo@commit'");
  }
  if (!session) {
    throw new CacheArgumentError('run() was given a base without a session: name the session whose copy it is');
  }
}
