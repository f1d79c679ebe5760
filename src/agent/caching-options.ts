import type { CachePolicy } from '../core/policy/cache-policy.js';
import type { Duration } from '../core/policy/duration.js';
import type { ScopeLevel } from '../core/policy/scope.js';
import type { MethodCall } from './method-policy.js';
import {
  aDuration,
  aFunction,
  aGrace,
  aScopeLevel,
  aText,
  isTexts,
  textsOrFunction,
  type OptionRules,
} from './option-rules.js';

/** A function of a method's arguments, called with the method's `this`. */
export type Hook<A extends readonly unknown[], I, T> = (this: I, ...args: A) => T;

/** Options common to the decorators that cache. `A`: arguments of the method, `I`: its instance. */
export interface CachingOptions<A extends readonly unknown[] = never, I = never> {
  /** Default: the cache's time to live for this kind. */
  readonly ttl?: Duration | undefined;
  /** How long past its time to live a result may still serve when the method fails. Default: the cache's `grace`. */
  readonly grace?: Duration | undefined;
  /** Names under which `invalidate({ tag })` finds the results. */
  readonly tags?: readonly string[] | Hook<A, I, readonly string[]> | undefined;
  /** Takes the provider's place in the key: all providers that give the same one share. It is the metric label, too. */
  readonly namespace?: string | undefined;
  /** Who shares a result. Default: the narrowest level that is known. */
  readonly scope?: ScopeLevel | undefined;
  /** What the result depends on besides what is in the key already. */
  readonly vary?: Hook<A, I, unknown> | undefined;
  /** Called with a result that could be stored; `false` keeps it out. `bytes` is its encoded size. */
  admit?(this: void, result: unknown, cost: { readonly ms: number; readonly bytes: number }): boolean;
}

/** For the decorators whose results may be objects. */
export interface AnnotatingOptions {
  /** Sets this field on a copy of an object result: whether it came from the cache. Default: nothing is set. */
  readonly annotate?: 'cache_hit' | undefined;
}

export const CACHING_RULES: OptionRules = {
  ttl: aDuration,
  grace: aGrace,
  tags: textsOrFunction,
  namespace: aText,
  scope: aScopeLevel,
  vary: aFunction,
  admit: aFunction,
};

export const ANNOTATING_RULES: OptionRules = {
  annotate: { expected: "'cache_hit'", accepts: (value) => value === 'cache_hit' },
};

/** What a hook answers for this call. */
export function ask<T>(call: MethodCall, hook: Hook<never, never, T>): T {
  const answer = Reflect.apply(hook as (...args: unknown[]) => T, call.instance, call.args);
  // No hook may be asynchronous. Nobody else waits for it, should it fail.
  if (answer instanceof Promise) answer.catch(() => undefined);
  return answer;
}

/** The value of an option that may be given as a function of the arguments. */
export function valueOf<T>(call: MethodCall, option: T | Hook<never, never, T>): T {
  return typeof option === 'function' ? ask(call, option as Hook<never, never, T>) : option;
}

/**
 * The part of the cache's policy that is common to all kinds; `kindTtl` holds where the options give no time to live.
 * Throws where `tags` answers no array of texts.
 */
export function cachePolicyOf(call: MethodCall, options: CachingOptions, kindTtl?: Duration): CachePolicy {
  const { ttl = kindTtl, grace, scope, admit, namespace } = options;
  const tags = options.tags === undefined ? undefined : valueOf<readonly string[]>(call, options.tags);
  if (tags && !isTexts(tags)) throw new TypeError(`tags: expected ${textsOrFunction.expected}`);
  return {
    ...(ttl !== undefined && { ttl }),
    ...(grace !== undefined && { grace }),
    ...(scope !== undefined && { scope }),
    ...(namespace !== undefined && { namespace }),
    ...(tags && { tags }),
    ...(admit && { admit: (outcome, cost) => call.resultsOf(outcome).every((result) => admit(result, cost)) }),
  };
}
