import { evictPolicy, type CacheEvictOptions } from '../../agent/evict-policy.js';
import type { PolicyFor } from '../interception/bindings.js';
import { cacheDecorator, type CacheDecorator } from './cache-decorator.js';

/** Makes cached results unusable after the method succeeded; with `before`, before it and after it in any case. */
export function CacheEvict<A extends readonly unknown[] = unknown[], I = object>(
  options: CacheEvictOptions<A, I>,
): CacheDecorator<A, I> {
  return cacheDecorator(options, evictPolicy);
}

/** The same for `bindCache`. */
CacheEvict.policy = <A extends readonly unknown[] = unknown[], I = object>(
  options: CacheEvictOptions<A, I>,
): PolicyFor<A> => evictPolicy(options);
