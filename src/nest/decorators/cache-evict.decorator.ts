import { evictPolicy, type CacheEvictOptions } from '../../agent/evict-policy.js';
import type { PolicyFor } from '../interception/bindings.js';
import { cacheDecorator, type CacheDecorator } from './cache-decorator.js';

/** What `@CacheEvict` can be told to evict. */
type Target = 'key' | 'all' | 'tags' | 'context' | 'pattern';

/** Options that say what goes: none of the others alone evicts anything. */
type Evicting<A extends readonly unknown[], I> = CacheEvictOptions<A, I> &
  { readonly [K in Target]: Required<Pick<CacheEvictOptions<A, I>, K>> }[Target];

/** Makes cached results unusable after the method succeeded; with `before`, before it and after it in any case. */
export function CacheEvict<A extends readonly unknown[] = unknown[], I = object>(
  options: Evicting<A, I>,
): CacheDecorator<A, I> {
  return cacheDecorator(options, evictPolicy);
}

/** The same for `bindCache`. */
CacheEvict.policy = <A extends readonly unknown[] = unknown[], I = object>(options: Evicting<A, I>): PolicyFor<A> =>
  evictPolicy(options);
