import { promptPolicy, type CachePromptOptions } from '../../agent/prompts/prompt-policy.js';
import type { PolicyFor } from '../interception/bindings.js';
import { cacheDecorator, type CacheDecorator } from './cache-decorator.js';

/** Caches assembled prompts, keyed by all arguments. */
export function CachePrompt<A extends readonly unknown[] = unknown[], I = object>(
  options: CachePromptOptions<A, I> = {},
): CacheDecorator<A, I> {
  return cacheDecorator(options, promptPolicy);
}

/** The same for `bindCache`. */
CachePrompt.policy = <A extends readonly unknown[] = unknown[], I = object>(
  options: CachePromptOptions<A, I> = {},
): PolicyFor<A> => promptPolicy(options);
