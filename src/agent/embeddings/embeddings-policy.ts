import type { CachePolicy } from '../../core/policy/cache-policy.js';
import { CachedCall, type Entry } from '../calls/cached-call.js';
import {
  ask,
  CACHING_RULES,
  cachePolicyOf,
  valueOf,
  type CachingOptions,
  type Hook,
} from '../calls/caching-options.js';
import { EmbeddingLoad } from './embedding-load.js';
import type { MethodCall, MethodPolicy, MethodServices } from '../calls/method-policy.js';
import { aCountOrFunction, aFunction, aTextOrFunction, checkOptions } from '../options/option-rules.js';
import { textBatchOf, type TextBatch } from './text-batch.js';

/** Options of `@CacheEmbeddings`. `vary` takes the place of all arguments but the texts, which otherwise are in the key. */
export interface CacheEmbeddingsOptions<A extends readonly unknown[] = never, I = never> extends CachingOptions<A, I> {
  /** The model and its version: part of the key. */
  readonly model: string | Hook<A, I, string>;
  /** What the vectors are for, such as `'query'` or `'document'`: part of the key. */
  readonly role?: string | Hook<A, I, string | undefined> | undefined;
  /** Part of the key; vectors of another dimension are not stored. Default: that of the others in the same answer. */
  readonly dimensions?: number | Hook<A, I, number | undefined> | undefined;
  /** The text or texts. Default: the first argument. */
  readonly texts?: Hook<A, I, string | readonly string[]> | undefined;
}

const RULES = {
  ...CACHING_RULES,
  model: aTextOrFunction,
  role: aTextOrFunction,
  dimensions: aCountOrFunction,
  texts: aFunction,
};

/**
 * Caches vectors by text. Only the texts that are missing reach the method, in their order, each once, in the form the
 * method was called with: an array for many, a text for one. A vector that is not finite or of another dimension, and an
 * answer of another length, goes to the caller and is not stored.
 */
export function embeddingsPolicy(options: CacheEmbeddingsOptions): MethodPolicy {
  checkOptions('CacheEmbeddings', options, RULES, ['model']);
  return {
    kind: 'embeddings',
    category: () => options.namespace ?? 'embed',
    run: (call, services) => runEmbeddings(call, services, options),
  };
}

function runEmbeddings(call: MethodCall, services: MethodServices, options: CacheEmbeddingsOptions): Promise<unknown> {
  const cached = new CachedCall(call, services, options.namespace ?? 'embed', options);
  const batch = cached.attempt(() => textBatchOf(call, options.texts));
  if (!batch) return cached.bypass('not-keyable');
  if (batch.texts.length === 0) return call.proceed();
  return cached.through(
    (owner) => entryOf(call, services, options, owner),
    (entry) => {
      const dimension = valueOf<number | undefined>(call, options.dimensions);
      return new EmbeddingLoad({ call, cached, cache: services.cache, batch, entry, dimension }).read();
    },
    // Each text is judged by itself.
    [batch.rest],
  );
}

function entryOf(call: MethodCall, services: MethodServices, options: CacheEmbeddingsOptions, owner: string): Entry {
  const batch = textBatchOf(call, options.texts);
  const [first, ...others] = batch?.texts ?? [];
  if (!batch || first === undefined) throw new TypeError('no texts');
  const keyOf = keyMaker(call, services, options, batch, owner);
  const policy: CachePolicy = { namespace: 'embed', ...cachePolicyOf(call, options, services.ttl.embedding) };
  // An entry is a vector, and no list of results.
  if (options.cost) policy.cost = options.cost;
  return { keys: [keyOf(first), ...others.map(keyOf)], policy };
}

/** With a namespace the method is no part of the key: the vector of a text is the same whichever method made it. */
function keyMaker(
  call: MethodCall,
  { keys }: MethodServices,
  options: CacheEmbeddingsOptions,
  batch: TextBatch,
  owner: string,
): (text: string) => string {
  const model = valueOf<string>(call, options.model);
  if (typeof model !== 'string' || model === '') throw new TypeError('model: expected a text that is not empty');
  const role = valueOf<string | undefined>(call, options.role);
  const dimensions = valueOf<number | undefined>(call, options.dimensions);
  const of = { model, ...(role !== undefined && { role }), ...(dimensions !== undefined && { dimensions }) };
  const rest = options.vary ? ask(call, options.vary) : batch.rest;
  const last = options.namespace === undefined ? owner : keys.key(options.namespace);
  const suffix = rest === undefined ? last : `#${keys.hash(rest)}:${last}`;
  return (text) => `${keys.embeddingKey(text, of)}:${suffix}`;
}
