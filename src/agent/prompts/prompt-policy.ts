import { CachedCall, type Entry } from '../calls/cached-call.js';
import {
  ANNOTATING_RULES,
  CACHING_RULES,
  cachePolicyOf,
  valueOf,
  type AnnotatingOptions,
  type CachingOptions,
  type Hook,
} from '../calls/caching-options.js';
import { DETERMINISM_RULES, isDeterministic, type DeterminismOptions } from '../values/determinism.js';
import { keyableArgs, withVary } from '../calls/key-parts.js';
import type { MethodCall, MethodPolicy, MethodServices } from '../calls/method-policy.js';
import { aFunction, anything, aTextOrFunction, checkOptions } from '../options/option-rules.js';
import { checkStreamOptions, STREAM_RULES, type StreamOptions } from '../streams/stream-options.js';
import { keyPart } from '../values/value-key.js';

/** Options of `@CachePrompt`. */
export interface CachePromptOptions<A extends readonly unknown[] = never, I = never>
  extends CachingOptions<A, I>, AnnotatingOptions, DeterminismOptions<A, I>, StreamOptions {
  /**
   * Takes the place of the arguments in the key. Default: all of them but `AbortSignal`s. Where it answers `null` or
   * `undefined`, the call is not cached.
   */
  readonly key?: Hook<A, I, unknown> | undefined;
  /** Part of the key: the template, or its name and version, or a function of the arguments that answers it. */
  readonly template?: unknown;
  /** Part of the key: the tools the prompt describes, or a function of the arguments that answers them. */
  readonly tools?: unknown;
  /** Part of the key: the model the prompt is for. */
  readonly model?: string | Hook<A, I, string | undefined> | undefined;
}

const RULES = {
  ...CACHING_RULES,
  ...ANNOTATING_RULES,
  ...DETERMINISM_RULES,
  ...STREAM_RULES,
  key: aFunction,
  template: anything,
  tools: anything,
  model: aTextOrFunction,
};

/** Caches assembled prompts, or what a model at temperature 0 makes of them, keyed by all that goes in. */
export function promptPolicy(options: CachePromptOptions): MethodPolicy {
  checkOptions('CachePrompt', options, RULES);
  checkStreamOptions('CachePrompt', options);
  return { kind: 'prompt', stream: options.stream, run: (call, services) => runPrompt(call, services, options) };
}

function runPrompt(call: MethodCall, services: MethodServices, options: CachePromptOptions): Promise<unknown> {
  const cached = new CachedCall(call, services, options.namespace ?? 'prompt', options);
  if (!isDeterministic(call, options)) return cached.bypass('not-deterministic');
  return cached.through((owner): Entry => {
    const model = valueOf<string | undefined>(call, options.model);
    const key = services.keys.promptKey(options.key ? keyPart(call, options.key) : keyableArgs(call.args), {
      template: valueOf(call, options.template),
      tools: valueOf(call, options.tools),
      ...(model !== undefined && { model }),
    });
    return {
      keys: [`${withVary(call, services, key, options.vary)}:${owner}`],
      policy: { namespace: 'prompt', ...cachePolicyOf(call, options, services.ttl.prompt) },
    };
  });
}
