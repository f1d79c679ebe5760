import { DEFAULT_OPTIONS, OPTION_LIMITS } from './default-options.js';
import { parseDuration } from './duration.js';
import { parseEncryptionKeys } from './encryption-keys.js';
import { OptionCheck } from './option-check.js';
import {
  CASCADE_NAMES,
  COMPRESS_NAMES,
  EMBEDDINGS_NAMES,
  ENCRYPTION_NAMES,
  MEMORY_NAMES,
  METRICS_NAMES,
  type OptionNames,
  REDIS_NAMES,
  ROOT_NAMES,
  SCOPE_NAMES,
  TTL_NAMES,
} from './option-names.js';
import type {
  CacheOptions,
  CascadeOptions,
  EncryptionKey,
  RedisOptions,
  ResolvedOptions,
  ResolvedRedisOptions,
  TtlOptions,
} from './options.js';
import type { Store } from '../ports/store.js';
import { topologyOf } from './redis-topology.js';

const PREFIX = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const isText = (given: unknown): boolean => typeof given === 'string';
const isFunction = (given: unknown): boolean => typeof given === 'function';
/** What stands for a wrong value that would be a secret if it were a text. */
const masked = (given: unknown): string | undefined => (isText(given) ? '***' : undefined);

/** Whether `text` may be the first part of every key: no `:`, so that no prefix is the beginning of another one's keys. */
export const isCachePrefix = (text: unknown): boolean => typeof text === 'string' && PREFIX.test(text);

/**
 * Options with their defaults filled in. Throws one `CacheConfigurationError` that names every wrong and every unknown one.
 * `check`: what the caller found wrong besides. `names`: what may be set at the top, where that is more.
 */
export function resolveOptions(
  options: CacheOptions = {},
  check = new OptionCheck(),
  names: OptionNames<CacheOptions> = ROOT_NAMES,
): ResolvedOptions {
  const given = check.group('', options, names);
  const { minBytes } = check.group('compress', given.compress, COMPRESS_NAMES);
  const embeddings = check.group('embeddings', given.embeddings, EMBEDDINGS_NAMES);
  check.boolean('metrics.aggregate', check.group('metrics', given.metrics, METRICS_NAMES).aggregate, false);
  const resolved: ResolvedOptions = {
    enabled: check.boolean('enabled', given.enabled, DEFAULT_OPTIONS.enabled),
    prefix: prefixOf(given.prefix, check),
    redis: redisOf(check.group('redis', given.redis, REDIS_NAMES), check),
    store: storeOf(given, check),
    memory: memoryOf(check.group('memory', given.memory, MEMORY_NAMES), check),
    ttl: ttlOf(check.group('ttl', given.ttl, TTL_NAMES), check),
    graceMs: check.duration('grace', given.grace, DEFAULT_OPTIONS.grace, { min: 0 }, '10m'),
    maxValueBytes: maxValueBytesOf(given.maxValueBytes, check),
    compressMinBytes: check.count('compress.minBytes', minBytes, DEFAULT_OPTIONS.compress.minBytes, { min: 0 }, 4_096),
    encryptionKeys: encryptionKeysOf(given.encryption, check),
    embeddings: {
      enabled: check.boolean('embeddings.enabled', embeddings.enabled, DEFAULT_OPTIONS.embeddings.enabled),
    },
    resolveScope: scopeResolverOf(given.scope, check),
    cascade: cascadeOf(check.group('cascade', given.cascade, CASCADE_NAMES), check),
  };
  check.throwIfWrong();
  return resolved;
}

function prefixOf(value: unknown, check: OptionCheck): string {
  const expected = "1 to 64 letters, digits, '.', '_' or '-' that begin with a letter or digit, such as 'my-app'";
  return check.either<string, string>('prefix', value, DEFAULT_OPTIONS.prefix, isCachePrefix, expected);
}

function storeOf({ store, redis }: CacheOptions, check: OptionCheck): Store | undefined {
  const isStore = (given: unknown): boolean =>
    typeof given === 'object' && given !== null && 'entries' in given && 'changes' in given;
  if (store !== undefined && redis?.url !== undefined)
    check.contradict('store and redis.url are both given: leave one out');
  return check.either<Store, undefined>('store', store, undefined, isStore, 'a Store with entries and changes');
}

function redisOf(redis: Partial<RedisOptions>, check: OptionCheck): ResolvedRedisOptions | null {
  const { timeout, connectTimeout, maxInFlight, connections, minReplicas } = DEFAULT_OPTIONS.redis;
  const { redisTimeoutMs, maxInFlight: inFlight, connections: dataConnections, minReplicas: replicas } = OPTION_LIMITS;
  const isObject = (given: unknown): boolean => typeof given === 'object' && given !== null;
  const topology = topologyOf(redis, check);
  const resolved = {
    timeoutMs: check.duration('redis.timeout', redis.timeout, timeout, redisTimeoutMs),
    connectTimeoutMs: check.duration('redis.connectTimeout', redis.connectTimeout, connectTimeout, redisTimeoutMs),
    maxInFlight: check.count('redis.maxInFlight', redis.maxInFlight, maxInFlight, inFlight, maxInFlight),
    connections: check.count('redis.connections', redis.connections, connections, dataConnections, 2),
    minReplicas: check.count('redis.minReplicas', redis.minReplicas, minReplicas, replicas, 1),
    username: textOf('username', check, redis),
    password: textOf('password', check, redis),
    sentinelUsername: textOf('sentinelUsername', check, redis),
    sentinelPassword: textOf('sentinelPassword', check, redis),
    tls: check.either<Record<string, unknown>, undefined>(
      'redis.tls',
      redis.tls,
      undefined,
      isObject,
      'an object',
      masked(redis.tls),
    ),
  };
  return topology && { topology, ...resolved };
}

function textOf<N extends keyof RedisOptions>(
  name: N,
  check: OptionCheck,
  redis: Partial<RedisOptions>,
): string | undefined {
  const shown = name.endsWith('assword') ? '***' : undefined;
  return check.either<string, undefined>(`redis.${name}`, redis[name], undefined, isText, 'a text', shown);
}

function memoryOf(
  { maxBytes, maxEntries, withoutTracking }: NonNullable<CacheOptions['memory']>,
  check: OptionCheck,
): ResolvedOptions['memory'] {
  return {
    maxBytes: check.count('memory.maxBytes', maxBytes, DEFAULT_OPTIONS.memory.maxBytes, { min: 0 }, 67_108_864),
    maxEntries: check.count('memory.maxEntries', maxEntries, undefined, { min: 1 }, 10_000),
    withoutTrackingMs: withoutTrackingOf(withoutTracking, check),
  };
}

function maxValueBytesOf(value: unknown, check: OptionCheck): number {
  const byDefault = DEFAULT_OPTIONS.maxValueBytes;
  return check.count('maxValueBytes', value, byDefault, { min: 0 }, byDefault) || Infinity;
}

function withoutTrackingOf(value: unknown, check: OptionCheck): number | null {
  const isRight = (given: unknown): boolean => given === 'off' || parseDuration(given) !== null;
  const byDefault = DEFAULT_OPTIONS.memory.withoutTracking;
  const expected = "a duration, such as '1s', or 'off'";
  // What is kept for no time is not kept.
  return parseDuration(check.either('memory.withoutTracking', value, byDefault, isRight, expected)) || null;
}

function ttlOf(ttl: Partial<TtlOptions>, check: OptionCheck): ResolvedOptions['ttl'] {
  const msOf = (kind: keyof TtlOptions): number =>
    check.duration(`ttl.${kind}`, ttl[kind], DEFAULT_OPTIONS.ttl[kind], { min: 1 });
  const maxMs = msOf('max');
  const cut = (kind: keyof TtlOptions): number => Math.min(msOf(kind), maxMs);
  return {
    defaultMs: cut('default'),
    contextMs: cut('context'),
    toolMs: cut('tool'),
    embeddingMs: cut('embedding'),
    promptMs: cut('prompt'),
    maxMs,
  };
}

function encryptionKeysOf(encryption: CacheOptions['encryption'], check: OptionCheck): readonly EncryptionKey[] {
  const value: unknown = check.group('encryption', encryption, ENCRYPTION_NAMES, masked(encryption)).keys;
  const texts = check.either<unknown[], unknown[]>(
    'encryption.keys',
    value,
    [],
    Array.isArray,
    "an array of 'id:base64'",
    masked(value),
  );
  const parsed = parseEncryptionKeys(texts);
  if (parsed.ok) return parsed.keys;
  check.contradict(`encryption.keys: ${parsed.problem}: expected 'id:base64' of 32 bytes each, every id once`);
  return [];
}

function scopeResolverOf(value: CacheOptions['scope'], check: OptionCheck): ResolvedOptions['resolveScope'] {
  const { resolve } = check.group('scope', value, SCOPE_NAMES);
  return check.either<NonNullable<typeof resolve>, undefined>(
    'scope.resolve',
    resolve,
    undefined,
    isFunction,
    'a function',
  );
}

function cascadeOf({ tag, resource }: CascadeOptions, check: OptionCheck): CascadeOptions {
  const functionOf = <F>(name: string, value: F | undefined): F | undefined =>
    check.either<F, undefined>(`cascade.${name}`, value, undefined, isFunction, 'a function');
  const [ofTag, ofResource] = [functionOf('tag', tag), functionOf('resource', resource)];
  return { ...(ofTag && { tag: ofTag }), ...(ofResource && { resource: ofResource }) };
}
