import { parseByteSize } from '../../core/policy/byte-size.js';
import type { Duration } from '../../core/policy/duration.js';
import type { CacheOptions, RedisOptions, TtlOptions } from '../../core/policy/options.js';
import type { CacheEnvironment } from './cache-environment.js';
import {
  parseBooleanText,
  parseCountText,
  parseDurationOrOff,
  parseDurationText,
  parseListText,
} from './environment-values.js';
import { tlsOptionsOf } from './tls-files.js';

/** The options that valid texts stand for; no parser answers `null` for those. */
export function optionsOf(texts: CacheEnvironment): CacheOptions {
  return {
    enabled: parseBooleanText(texts.CACHE_ENABLED) as boolean,
    prefix: texts.CACHE_PREFIX,
    redis: redisOf(texts),
    memory: {
      maxBytes: parseByteSize(texts.CACHE_MEMORY_MAX_BYTES) as number,
      withoutTracking: parseDurationOrOff(texts.CACHE_MEMORY_WITHOUT_TRACKING) as Duration | 'off',
    },
    ttl: ttlOf(texts),
    grace: durationOf(texts.CACHE_GRACE),
    maxValueBytes: parseByteSize(texts.CACHE_MAX_VALUE_BYTES) as number,
    compress: { minBytes: parseByteSize(texts.CACHE_COMPRESS_MIN_BYTES) as number },
    encryption: { keys: parseListText(texts.CACHE_ENCRYPTION_KEYS) },
  };
}

function redisOf(texts: CacheEnvironment): RedisOptions {
  return {
    ...(texts.REDIS_URL && { url: texts.REDIS_URL }),
    ...(texts.CACHE_REDIS_CLUSTER_NODES && { clusterNodes: parseListText(texts.CACHE_REDIS_CLUSTER_NODES) }),
    ...(texts.CACHE_REDIS_SENTINELS && { sentinels: parseListText(texts.CACHE_REDIS_SENTINELS) }),
    ...(texts.CACHE_REDIS_SENTINEL_NAME && { sentinelName: texts.CACHE_REDIS_SENTINEL_NAME }),
    ...tlsOf(texts),
    timeout: durationOf(texts.CACHE_REDIS_TIMEOUT),
    connectTimeout: durationOf(texts.CACHE_REDIS_CONNECT_TIMEOUT),
    maxInFlight: parseCountText(texts.CACHE_REDIS_MAX_IN_FLIGHT) as number,
    connections: parseCountText(texts.CACHE_REDIS_CONNECTIONS) as number,
    minReplicas: parseCountText(texts.CACHE_REDIS_MIN_REPLICAS) as number,
  };
}

/** Whoever names a file for it wants TLS. */
function tlsOf(texts: CacheEnvironment): Pick<RedisOptions, 'tls'> {
  const { CACHE_REDIS_TLS_CA_FILE: ca, CACHE_REDIS_TLS_CERT_FILE: cert, CACHE_REDIS_TLS_KEY_FILE: key } = texts;
  const isWanted = parseBooleanText(texts.CACHE_REDIS_TLS) === true || ca !== '' || cert !== '';
  return isWanted ? { tls: tlsOptionsOf({ ca, cert, key }) } : {};
}

function ttlOf(texts: CacheEnvironment): TtlOptions {
  return {
    default: durationOf(texts.CACHE_DEFAULT_TTL),
    context: durationOf(texts.CACHE_TTL_CONTEXT),
    tool: durationOf(texts.CACHE_TTL_TOOL),
    embedding: durationOf(texts.CACHE_TTL_EMBEDDING),
    prompt: durationOf(texts.CACHE_TTL_PROMPT),
    max: durationOf(texts.CACHE_MAX_TTL),
  };
}

function durationOf(text: string): Duration {
  return parseDurationText(text) as Duration;
}
