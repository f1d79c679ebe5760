import { contextPolicy, type CacheContextOptions } from '../../agent/contexts/context-policy.js';
import type { PolicyFor } from '../interception/bindings.js';
import { cacheDecorator, type CacheDecorator } from './cache-decorator.js';

/**
 * Caches the context of one turn of a task, by `taskId ?? task_id` and `turn` of the first argument. Without either, the
 * call goes past the cache.
 */
export function CacheContext<A extends readonly unknown[] = unknown[], I = object>(
  options: CacheContextOptions<A, I> = {},
): CacheDecorator<A, I> {
  return cacheDecorator(options, contextPolicy);
}

/** The same for `bindCache`. */
CacheContext.policy = <A extends readonly unknown[] = unknown[], I = object>(
  options: CacheContextOptions<A, I> = {},
): PolicyFor<A> => contextPolicy(options);
