import type { CacheOptions, RedisOptions, TtlOptions } from './options.js';

/** All names of a group of options. Does not compile when the group has others. */
export type OptionNames<G> = Readonly<Record<keyof G, true>>;

type Group<K extends keyof CacheOptions> = OptionNames<NonNullable<CacheOptions[K]>>;

/** What may be set in `CacheOptions` itself. */
export const ROOT_NAMES: OptionNames<CacheOptions> = {
  enabled: true,
  prefix: true,
  redis: true,
  store: true,
  memory: true,
  ttl: true,
  grace: true,
  maxValueBytes: true,
  compress: true,
  encryption: true,
  embeddings: true,
  metrics: true,
  scope: true,
  cascade: true,
};

export const REDIS_NAMES: OptionNames<RedisOptions> = {
  url: true,
  clusterNodes: true,
  sentinels: true,
  sentinelName: true,
  timeout: true,
  connectTimeout: true,
  maxInFlight: true,
  connections: true,
  minReplicas: true,
  username: true,
  password: true,
  sentinelUsername: true,
  sentinelPassword: true,
  tls: true,
};

export const TTL_NAMES: OptionNames<TtlOptions> = {
  default: true,
  context: true,
  tool: true,
  embedding: true,
  prompt: true,
  max: true,
};

export const MEMORY_NAMES: Group<'memory'> = { maxBytes: true, maxEntries: true, withoutTracking: true };
export const COMPRESS_NAMES: Group<'compress'> = { minBytes: true };
export const ENCRYPTION_NAMES: Group<'encryption'> = { keys: true };
export const EMBEDDINGS_NAMES: Group<'embeddings'> = { enabled: true };
export const METRICS_NAMES: Group<'metrics'> = { aggregate: true };
export const SCOPE_NAMES: Group<'scope'> = { resolve: true };
export const CASCADE_NAMES: Group<'cascade'> = { tag: true, resource: true };
