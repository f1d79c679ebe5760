import { valuePolicy, type CacheableOptions } from '../../agent/values/value-policy.js';
import type { PolicyFor } from '../interception/bindings.js';
import { cacheDecorator, type CacheDecorator } from './cache-decorator.js';

/** Caches any other method, keyed by all arguments or by `key`. Its entries are its own unless a `namespace` is given. */
export function Cacheable<A extends readonly unknown[] = unknown[], I = object>(
  options: CacheableOptions<A, I> = {},
): CacheDecorator<A, I> {
  return cacheDecorator(options, valuePolicy);
}

/** The same for `bindCache`. */
Cacheable.policy = <A extends readonly unknown[] = unknown[], I = object>(
  options: CacheableOptions<A, I> = {},
): PolicyFor<A> => valuePolicy(options);
