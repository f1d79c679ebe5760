import { embeddingsPolicy, type CacheEmbeddingsOptions } from '../../agent/embeddings/embeddings-policy.js';
import type { PolicyFor } from '../interception/bindings.js';
import { cacheDecorator, type CacheDecorator } from './cache-decorator.js';

/** Caches vectors by text, for a method that embeds one text or many: only the missing texts reach it. */
export function CacheEmbeddings<A extends readonly unknown[] = unknown[], I = object>(
  options: CacheEmbeddingsOptions<A, I>,
): CacheDecorator<A, I> {
  return cacheDecorator(options, embeddingsPolicy);
}

/** The same for `bindCache`. */
CacheEmbeddings.policy = <A extends readonly unknown[] = unknown[], I = object>(
  options: CacheEmbeddingsOptions<A, I>,
): PolicyFor<A> => embeddingsPolicy(options);
