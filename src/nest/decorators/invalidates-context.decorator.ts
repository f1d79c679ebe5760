import {
  invalidatesContextPolicy,
  type InvalidatesContextOptions,
} from '../../agent/contexts/invalidates-context-policy.js';
import type { PolicyFor } from '../interception/bindings.js';
import { cacheDecorator, type CacheDecorator } from './cache-decorator.js';

/** For the method that appends a message: makes the cached contexts of its task unusable, before it runs and after. */
export function InvalidatesContext<A extends readonly unknown[] = unknown[], I = object>(
  options: InvalidatesContextOptions<A, I> = {},
): CacheDecorator<A, I> {
  return cacheDecorator(options, invalidatesContextPolicy);
}

/** The same for `bindCache`. */
InvalidatesContext.policy = <A extends readonly unknown[] = unknown[], I = object>(
  options: InvalidatesContextOptions<A, I> = {},
): PolicyFor<A> => invalidatesContextPolicy(options);
