import { CachedCall, type Entry } from '../calls/cached-call.js';
import {
  ANNOTATING_RULES,
  CACHING_RULES,
  cachePolicyOf,
  type AnnotatingOptions,
  type CachingOptions,
  type Hook,
} from '../calls/caching-options.js';
import { DETERMINISM_RULES, isDeterministic, type DeterminismOptions } from './determinism.js';
import { keyableArgs, withVary } from '../calls/key-parts.js';
import type { MethodCall, MethodPolicy, MethodServices } from '../calls/method-policy.js';
import { aFunction, checkOptions } from '../options/option-rules.js';
import { checkStreamOptions, STREAM_RULES, type StreamOptions } from '../streams/stream-options.js';
import { namedKey, tagOfKey, type KeyPart } from './value-key.js';

/** Options of `@Cacheable`. */
export interface CacheableOptions<A extends readonly unknown[] = never, I = never>
  extends CachingOptions<A, I>, AnnotatingOptions, DeterminismOptions<A, I>, StreamOptions {
  /** Default: all arguments but `AbortSignal`s. Where it answers `null` or `undefined`, the call is not cached. */
  readonly key?: Hook<A, I, KeyPart | null | undefined> | undefined;
}

const RULES = { ...CACHING_RULES, ...ANNOTATING_RULES, ...DETERMINISM_RULES, ...STREAM_RULES, key: aFunction };

/** Caches any other method: under its identity, or its namespace, and its arguments. */
export function valuePolicy(options: CacheableOptions): MethodPolicy {
  checkOptions('Cacheable', options, RULES);
  checkStreamOptions('Cacheable', options);
  return {
    kind: 'value',
    stream: options.stream,
    category: (call) => categoryOf(call, options),
    run: (call, services) => runValue(call, services, options),
  };
}

function runValue(call: MethodCall, services: MethodServices, options: CacheableOptions): Promise<unknown> {
  const cached = new CachedCall(call, services, categoryOf(call, options), options);
  if (!isDeterministic(call, options)) return cached.bypass('not-deterministic');
  return cached.through((owner) => entryOf(call, services, options, owner));
}

const categoryOf = (call: MethodCall, { namespace }: CacheableOptions): string =>
  namespace ?? call.identity ?? call.name;

/** With a `key` of its own, the method's name is no part: methods that share a namespace and a key share the entry. */
function entryOf(call: MethodCall, services: MethodServices, options: CacheableOptions, owner: string): Entry {
  const { key: hook, namespace } = options;
  const policy = cachePolicyOf(call, options);
  const key = hook
    ? namedKey(call, services, namespace ?? call.identity ?? '', hook)
    : `${owner}:#${services.keys.hash(keyableArgs(call.args))}`;
  return {
    keys: [withVary(call, services, key, options.vary)],
    policy: hook && namespace !== undefined ? { ...policy, tags: [...(policy.tags ?? []), tagOfKey(key)] } : policy,
  };
}
