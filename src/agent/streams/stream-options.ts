import type { CachePolicy } from '../../core/policy/cache-policy.js';
import type { OptionRules } from '../options/option-rules.js';

/** For the decorators whose methods may answer a stream, an `AsyncIterable`. */
export interface StreamOptions {
  /**
   * `'replay'`: a stream that was read to its end is stored, and a hit is an `AsyncIterable` of the same chunks. Default:
   * a stream is handed on as it is and never stored.
   */
  readonly stream?: 'replay' | undefined;
}

export const STREAM_RULES: OptionRules = {
  stream: { expected: "'replay'", accepts: (value) => value === 'replay' },
};

/** Throws where options contradict one another. */
export function checkStreamOptions(name: string, options: StreamOptions & { readonly annotate?: unknown }): void {
  if (options.stream !== undefined && options.annotate !== undefined)
    throw new TypeError(
      `@${name} options 'stream' and 'annotate' exclude one another: chunks are handed on as they come`,
    );
}

/**
 * What a stream is stored as is not what a method once answered in one piece, so its key is another one. Nobody waits for the
 * stream of somebody else: that goes on as fast as it is read.
 */
export function streamEntry<E extends { readonly keys: readonly [string, ...string[]]; readonly policy: CachePolicy }>(
  entry: E,
): E {
  const [first, ...others] = entry.keys.map((key) => `${key}:stream`) as [string, ...string[]];
  return { ...entry, keys: [first, ...others], policy: { ...entry.policy, hardTimeout: '1ms' } };
}
