import { evictPolicy, type CacheEvictOptions } from '../../agent/values/evict-policy.js';
import type { PolicyFor } from '../interception/bindings.js';
import { cacheDecorator, type CacheDecorator } from './cache-decorator.js';

/** Options that say what goes: none of the others alone evicts anything, and a key is one of a namespace. */
type Evicting<A extends readonly unknown[], I> = CacheEvictOptions<A, I> &
  (
    | (Given<A, I, 'namespace'> & (Given<A, I, 'key'> | { readonly all: true }))
    | Given<A, I, 'tags'>
    | Given<A, I, 'context'>
    | Given<A, I, 'pattern'>
  );

type Given<A extends readonly unknown[], I, K extends keyof CacheEvictOptions> = {
  readonly [N in K]-?: NonNullable<CacheEvictOptions<A, I>[N]>;
};

/** Makes cached results unusable after the method succeeded; with `before`, before it and after it in any case. */
export function CacheEvict<A extends readonly unknown[] = unknown[], I = object>(
  options: Evicting<A, I>,
): CacheDecorator<A, I> {
  return cacheDecorator(options, evictPolicy);
}

/** The same for `bindCache`. */
CacheEvict.policy = <A extends readonly unknown[] = unknown[], I = object>(options: Evicting<A, I>): PolicyFor<A> =>
  evictPolicy(options);
