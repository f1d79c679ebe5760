import { OPTION_LIMITS } from '../../core/policy/default-options.js';
import {
  IsBooleanText,
  IsByteSize,
  IsCachePrefix,
  IsCertificateFile,
  IsCount,
  IsDurationOrOff,
  IsDurationOrOffWord,
  IsEncryptionKeys,
  IsKeyFile,
  IsName,
  IsNodeList,
  IsRedisUrl,
  IsTimeout,
  IsTimeToLive,
  IsTokens,
} from './environment-validators.js';

/**
 * Every variable that the cache reads, as text, with its default. An empty text means absent. Durations take a unit
 * (`500ms`, `30s`, `30m`, `1h`, `7d`) or are a bare number of seconds.
 */
export class CacheEnvironment {
  /** `false`: nothing is cached, every decorated method runs untouched, no connection is opened. */
  @IsBooleanText() CACHE_ENABLED = 'true';
  /** First part of every key. Two apps with different prefixes never meet. */
  @IsCachePrefix() CACHE_PREFIX = 'agent-cache';

  /** Where Redis is, `redis://` or `rediss://`. Empty: memory only. */
  @IsRedisUrl() REDIS_URL = '';
  /** In place of `REDIS_URL`: `host:port,…` of some nodes of a cluster. */
  @IsNodeList() CACHE_REDIS_CLUSTER_NODES = '';
  /** In place of `REDIS_URL`: `host:port,…` of the sentinels. */
  @IsNodeList() CACHE_REDIS_SENTINELS = '';
  /** Name of the master that the sentinels watch. */
  @IsName() CACHE_REDIS_SENTINEL_NAME = '';
  /** `true`: TLS to the nodes of a cluster and to sentinels and their master. A single Redis is named by `rediss://` instead. */
  @IsBooleanText() CACHE_REDIS_TLS = 'false';
  /** Certificates of the authorities that Redis is trusted by, in place of those that Node knows. */
  @IsCertificateFile() CACHE_REDIS_TLS_CA_FILE = '';
  /** Certificate of this client, for a Redis that asks for one. */
  @IsCertificateFile() CACHE_REDIS_TLS_CERT_FILE = '';
  /** Private key of this client. */
  @IsKeyFile() CACHE_REDIS_TLS_KEY_FILE = '';
  /** The most that Redis may add to any one call. */
  @IsTimeout() CACHE_REDIS_TIMEOUT = '100ms';
  /** How long one attempt to connect may take; no caller waits for it. */
  @IsTimeout() CACHE_REDIS_CONNECT_TIMEOUT = '2s';
  /** Commands under way at once; more are shed, never queued. */
  @IsCount(OPTION_LIMITS.maxInFlight) CACHE_REDIS_MAX_IN_FLIGHT = '512';
  /** Data connections, used in turn. */
  @IsCount(OPTION_LIMITS.connections) CACHE_REDIS_CONNECTIONS = '1';
  /** An invalidation counts as acknowledged only once so many replicas have it. `0`: once the master has it. */
  @IsCount(OPTION_LIMITS.minReplicas) CACHE_REDIS_MIN_REPLICAS = '0';

  /**
   * Bound of what is kept in this process, in bytes of encoded values, their keys and 512 for each entry. `0`: keep
   * nothing.
   */
  @IsByteSize() CACHE_MEMORY_MAX_BYTES = '64mb';
  /** How long an entry is kept in front of a Redis that does not tell what changes in it. `off`: not at all. */
  @IsDurationOrOffWord() CACHE_MEMORY_WITHOUT_TRACKING = 'off';

  /** Time to live where nothing else says one. */
  @IsTimeToLive() CACHE_DEFAULT_TTL = '3600';
  /** Time to live of contexts. */
  @IsTimeToLive() CACHE_TTL_CONTEXT = '3600';
  /** Time to live of tool results. */
  @IsTimeToLive() CACHE_TTL_TOOL = '1800';
  /** Time to live of embeddings. */
  @IsTimeToLive() CACHE_TTL_EMBEDDING = '86400';
  /** Time to live of prompts. */
  @IsTimeToLive() CACHE_TTL_PROMPT = '3600';
  /** Longest time to live; longer ones are cut to it. */
  @IsTimeToLive() CACHE_MAX_TTL = '30d';
  /** How long past its time to live an entry may still serve when loading fails. `0`: not at all. */
  @IsDurationOrOff() CACHE_GRACE = '0';

  /** A result of more encoded bytes is passed through and not stored. `0`: no bound but that of the store. */
  @IsByteSize() CACHE_MAX_VALUE_BYTES = '16mb';
  /** Values of at least so many encoded bytes are compressed. `0`: never. */
  @IsByteSize() CACHE_COMPRESS_MIN_BYTES = '0';
  /** AES-256-GCM keys, `id:base64,…` of 32 bytes each: the first encrypts, all decrypt, the last hides names. Empty: not encrypted. */
  @IsEncryptionKeys() CACHE_ENCRYPTION_KEYS = '';

  /**
   * Tokens for `POST /cache/invalidate` and `GET /cache/explain` of `nestjs-agent-cache/http`, with commas in between: each
   * is accepted. Empty: the endpoints do not exist, unless the app has a guard of its own for them.
   */
  @IsTokens() CACHE_ADMIN_TOKEN = '';
  /** `true`: add the counts of all instances up in Redis. This version counts each instance by itself. */
  @IsBooleanText() CACHE_METRICS_AGGREGATE = 'false';
}
