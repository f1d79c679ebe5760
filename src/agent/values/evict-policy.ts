import type { InvalidationTarget } from '../../core/policy/cache-policy.js';
import { isWellFormed } from '../../core/well-formed.js';
import { valueOf, type Hook } from '../calls/caching-options.js';
import type { MethodCall, MethodPolicy, MethodServices } from '../calls/method-policy.js';
import {
  aFlag,
  aFunction,
  aText,
  aTextOrFunction,
  checkOptions,
  isText,
  isTexts,
  textsOrFunction,
} from '../options/option-rules.js';
import { namedKey, tagOfKey, type KeyPart } from './value-key.js';

/** Options of `@CacheEvict`. At least one of `key`, `all`, `tags`, `context`, `pattern`. */
export interface CacheEvictOptions<A extends readonly unknown[] = never, I = never> {
  /** Of the `@Cacheable` methods whose results go: needed with `key` and with `all`. */
  readonly namespace?: string | undefined;
  /**
   * What the `key` of `@Cacheable` answers: its results go, for whoever they are and whatever `vary` answered. Where no key
   * can be made, the whole namespace goes.
   */
  readonly key?: Hook<A, I, KeyPart | null | undefined> | undefined;
  /** `true`: the whole namespace. */
  readonly all?: boolean | undefined;
  /** Everything that has one of these tags goes. */
  readonly tags?: readonly string[] | Hook<A, I, readonly string[]> | undefined;
  /** Id of a task whose contexts go. */
  readonly context?: Hook<A, I, string | number> | undefined;
  /** Glob of keys, as `CacheKeyGenerator` makes them. */
  readonly pattern?: string | Hook<A, I, string> | undefined;
  /** `true`: before the method and after it, whatever its outcome. Default: after it succeeded. */
  readonly before?: boolean | undefined;
}

const RULES = {
  namespace: aText,
  key: aFunction,
  all: aFlag,
  tags: textsOrFunction,
  context: aFunction,
  pattern: aTextOrFunction,
  before: aFlag,
};

/** Makes cached results unusable when the method runs. */
export function evictPolicy(options: CacheEvictOptions): MethodPolicy {
  checkOptions('CacheEvict', options, RULES);
  checkTargets(options);
  return { kind: 'evict', isChange: () => true, run: (call, services) => runEvict(call, services, options) };
}

function checkTargets({ namespace, key, all, tags, context, pattern }: CacheEvictOptions): void {
  if (namespace === undefined && (key || all)) {
    throw new TypeError(
      "@CacheEvict option 'key' or 'all' needs 'namespace': entries without one are their method's own",
    );
  }
  if (!key && !all && tags === undefined && !context && pattern === undefined) {
    throw new TypeError(
      "@CacheEvict evicts nothing: give 'tags', 'context', 'pattern', or 'namespace' with 'key' or 'all'",
    );
  }
}

async function runEvict(call: MethodCall, services: MethodServices, options: CacheEvictOptions): Promise<unknown> {
  const { cache } = services;
  const targets = targetsOf(call, services, options);
  const evict = (): Promise<unknown> => Promise.all(targets.map((target) => cache.invalidate(target)));
  if (options.before) return cache.invalidateAround(targets, () => call.pass(evict));
  const outcome = await call.pass(evict);
  await evict();
  return outcome;
}

/** Made before the method runs, since it may change its arguments. */
function targetsOf(call: MethodCall, services: MethodServices, options: CacheEvictOptions): InvalidationTarget[] {
  const { namespace = '', all, tags, context, pattern } = options;
  const target = <T>(
    name: string,
    accepts: (value: unknown) => boolean,
    option: T | Hook<never, never, T>,
  ): T | null => {
    return askTarget(call, services, name, accepts, option);
  };
  const names = tags === undefined ? null : target('tags', isTexts, tags);
  const id = context ? target<string | number>('context', isId, context) : null;
  const glob = pattern === undefined ? null : target('pattern', isText, pattern);
  // Nothing is cached under a text that is not well-formed: it must not keep the others from being evicted.
  const known = (names ?? []).filter(isWellFormed);
  return [
    ...(options.key ? [keyTarget(call, services, options)] : []),
    ...(all ? [{ namespace }] : []),
    ...(known.length > 0 ? [{ tags: known }] : []),
    ...(id === null || !isWellFormed(String(id)) ? [] : [{ context: String(id) }]),
    ...(glob === null ? [] : [{ pattern: glob }]),
  ];
}

function keyTarget(
  call: MethodCall,
  services: MethodServices,
  { namespace = '', key }: CacheEvictOptions,
): InvalidationTarget {
  try {
    if (key) return { tag: tagOfKey(namedKey(call, services, namespace, key)) };
  } catch {
    warnOfFailure(call, services, 'key', 'so the whole namespace was evicted');
  }
  return { namespace };
}

function askTarget<T>(
  call: MethodCall,
  services: MethodServices,
  name: string,
  accepts: (value: unknown) => boolean,
  option: T | Hook<never, never, T>,
): T | null {
  try {
    const value = valueOf<T>(call, option);
    if (accepts(value)) return value;
  } catch {
    // Told below, as every other answer that names nothing.
  }
  warnOfFailure(call, services, name, 'so nothing was evicted by it');
  return null;
}

function warnOfFailure(call: MethodCall, services: MethodServices, option: string, result: string): void {
  services.warnOnce(
    `evict ${option} ${call.name}`,
    `${call.name}: \`${option}\` of @CacheEvict named nothing or threw, ${result}`,
  );
}

const isId = (value: unknown): boolean => Number.isFinite(value) || isText(value);
