import type { CachePolicy } from '../../core/policy/cache-policy.js';
import { sumOfCosts, type CostOf } from '../../core/policy/cost.js';
import type { Duration } from '../../core/policy/duration.js';
import { EAGER_REFRESH_RATIO, EARLY_EXPIRY_BETA, JITTER_RATIO } from '../../core/policy/number-rules.js';
import type { ScopeLevel } from '../../core/policy/scope.js';
import type { MethodCall } from './method-policy.js';
import {
  aCost,
  aDuration,
  aFlag,
  aFunction,
  aGrace,
  aScopeLevel,
  aText,
  isTexts,
  textsOrFunction,
  type OptionRules,
} from '../options/option-rules.js';

/** A function of a method's arguments, called with the method's `this`. */
export type Hook<A extends readonly unknown[], I, T> = (this: I, ...args: A) => T;

/** Options common to the decorators that cache. `A`: arguments of the method, `I`: its instance. */
export interface CachingOptions<A extends readonly unknown[] = never, I = never> {
  /** Default: the cache's time to live for this kind. */
  readonly ttl?: Duration | undefined;
  /** How long past its time to live a result may still serve when the method fails. Default: the cache's `grace`. */
  readonly grace?: Duration | undefined;
  /**
   * Where a result within its grace is at hand, a call that takes longer than this goes on in the background and that one
   * is served; `'0s'`: at once. Default: every call is waited for.
   */
  readonly softTimeout?: Duration | undefined;
  /** The longest that a call waits for the same call of somebody else before it runs by itself. Default `'30s'`. */
  readonly hardTimeout?: Duration | undefined;
  /** A hit older than this share of its time to live, between 0 and 1, runs the method in the background. Default: none. */
  readonly eagerRefreshRatio?: number | undefined;
  /** More than 0: hits run the method in the background at random, the closer to their expiry the likelier. Default: none. */
  readonly earlyExpiryBeta?: number | undefined;
  /** The time to live is shortened by a random share of up to this, 0 to 1. Default 0. */
  readonly jitterRatio?: number | undefined;
  /** Time to live of `null`; `'0s'`: it is not stored. Default: as of any other result. */
  readonly negativeTtl?: Duration | undefined;
  /** `false`: results are not kept in this process where they are in Redis as well. Default true. */
  readonly memory?: boolean | undefined;
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
  /**
   * What making a result takes besides time, `{ tokens?, usd? }`, or a function that reads it off a result; of embeddings,
   * one vector. Hits add it up as saved. The function runs on hits alone, and is given the caller's own result before the
   * caller is: it must be quick and change nothing. Default: only time is saved.
   */
  readonly cost?: CostOf<unknown> | undefined;
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
  cost: aCost,
  softTimeout: aGrace,
  hardTimeout: aDuration,
  eagerRefreshRatio: EAGER_REFRESH_RATIO,
  earlyExpiryBeta: EARLY_EXPIRY_BETA,
  jitterRatio: JITTER_RATIO,
  negativeTtl: aGrace,
  memory: aFlag,
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
  const tags = options.tags === undefined ? undefined : valueOf<readonly string[]>(call, options.tags);
  if (tags && !isTexts(tags)) throw new TypeError(`tags: expected ${textsOrFunction.expected}`);
  const { admit, cost, namespace } = options;
  // One literal, since this is done at every call: what is `undefined` counts as absent.
  const policy = {
    ttl: options.ttl ?? kindTtl,
    grace: options.grace,
    scope: options.scope,
    tags,
    admit: admit && admitAll(call, admit),
    cost: cost && costOfAll(call, cost),
    softTimeout: options.softTimeout,
    hardTimeout: options.hardTimeout,
    eagerRefreshRatio: options.eagerRefreshRatio,
    earlyExpiryBeta: options.earlyExpiryBeta,
    jitterRatio: options.jitterRatio,
    negativeTtl: options.negativeTtl,
    memory: options.memory,
  } as CachePolicy;
  // But this may stand over another one.
  if (namespace !== undefined) policy.namespace = namespace;
  return policy;
}

/** Whether `admit` takes each of the results inside an outcome. */
export function admitAll(
  call: MethodCall,
  admit: NonNullable<CachingOptions['admit']>,
): NonNullable<CachePolicy['admit']> {
  return (outcome, cost) => call.resultsOf(outcome).every((result) => admit(result, cost));
}

/** The same cost for a list of what an Observable emitted. */
export function costOfAll(call: MethodCall, cost: CostOf<never>): CostOf<unknown> {
  if (typeof cost !== 'function') return cost;
  return (outcome) => sumOfCosts(call.resultsOf(outcome).map((result) => cost(result as never)));
}
