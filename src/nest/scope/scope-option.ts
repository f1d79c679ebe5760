import type { OptionCheck } from '../../core/policy/option-check.js';
import { SCOPE_NAMES } from '../../core/policy/option-names.js';
import type { CacheOptions } from '../../core/policy/options.js';
import type { RequestScopeResolver } from './request-scope.interceptor.js';

/** Who is asking. One of the two; either way, a call of which nobody knows it bypasses the cache. */
export interface ScopeOptions extends NonNullable<CacheOptions['scope']> {
  /**
   * Says who sent a request (HTTP), a message or an event (microservices, WebSocket). Called after the guards; what runs
   * before interceptors do, and what no request started, is nobody's: use `CacheScope.run()` there.
   */
  fromRequest?: RequestScopeResolver;
}

/** The part of the option that is not Nest's own. What is wrong with it, or with the rest, is told here, once. */
export function checkedScope(scope: ScopeOptions | undefined, check: OptionCheck): Pick<CacheOptions, 'scope'> {
  if (scope === undefined) return {};
  const { resolve, fromRequest } = check.group<ScopeOptions>('scope', scope, { ...SCOPE_NAMES, fromRequest: true });
  const isFunction = (value: unknown): boolean => typeof value === 'function';
  check.either('scope.resolve', resolve, undefined, isFunction, 'a function');
  check.either('scope.fromRequest', fromRequest, undefined, isFunction, 'a function of the execution context');
  if (resolve !== undefined && fromRequest !== undefined)
    check.contradict('scope.resolve and scope.fromRequest both say who is asking: give one of them');
  return { scope: typeof resolve === 'function' ? { resolve } : {} };
}
