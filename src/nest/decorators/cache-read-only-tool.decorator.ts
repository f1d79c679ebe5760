import { readOnlyToolPolicy, type CacheReadOnlyToolOptions } from '../../agent/tools/read-only-tool-policy.js';
import type { PolicyFor } from '../interception/bindings.js';
import { cacheDecorator, type CacheDecorator } from './cache-decorator.js';

/**
 * For the one method that runs tools: caches those that are described as `READ_ONLY`. Any other one makes every cached
 * tool result unusable, before it runs and after.
 */
export function CacheReadOnlyTool<A extends readonly unknown[] = unknown[], I = object>(
  options: CacheReadOnlyToolOptions<A, I> = {},
): CacheDecorator<A, I> {
  return cacheDecorator(options, readOnlyToolPolicy);
}

/** The same for `bindCache`. */
CacheReadOnlyTool.policy = <A extends readonly unknown[] = unknown[], I = object>(
  options: CacheReadOnlyToolOptions<A, I> = {},
): PolicyFor<A> => readOnlyToolPolicy(options);
