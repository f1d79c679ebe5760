import type { Duration } from './duration.js';
import type { ScopeValues } from './scope.js';

/** Where Redis is and how patient the cache is with it. Without `url`, `clusterNodes` and `sentinels`: memory only. */
export interface RedisOptions {
  /** `redis://` or `rediss://`, with credentials and database where needed. */
  url?: string;
  /** Cluster: `host:port` of some nodes; the others are found. */
  clusterNodes?: readonly string[];
  /** Sentinel: `host:port` of the sentinels, with `sentinelName`. */
  sentinels?: readonly string[];
  /** Name of the master that the sentinels watch. */
  sentinelName?: string;
  /** The most that Redis may add to any one call. Default `'100ms'`. */
  timeout?: Duration;
  /** Default `'2s'`. Costs no caller anything: connecting goes on in the background. */
  connectTimeout?: Duration;
  /** Commands under way at once; more are shed, never queued. Default 512. */
  maxInFlight?: number;
  /** Data connections, used in turn. Default 1. */
  connections?: number;
  username?: string;
  password?: string;
  /** For the sentinels themselves, where they ask for it. */
  sentinelUsername?: string;
  sentinelPassword?: string;
  /** Options of Node's `tls.connect`, for `rediss://`, Cluster and Sentinel. */
  tls?: Record<string, unknown>;
}

/** Times to live by what is cached. */
export interface TtlOptions {
  /** Default `'1h'`. */
  default?: Duration;
  /** Default `'1h'`. */
  context?: Duration;
  /** Default `'30m'`. */
  tool?: Duration;
  /** Default `'24h'`. */
  embedding?: Duration;
  /** Default `'1h'`. */
  prompt?: Duration;
  /** Longer ones are cut to it. Default `'30d'`. */
  max?: Duration;
}

/** Options of the cache that need no Nest. Every one may be left out. */
export interface CacheOptions {
  /** Default true. `false`: nothing is cached and no connection is opened. */
  enabled?: boolean;
  /** First part of every key; letters, digits, `.`, `_`, `-`. Two apps with different prefixes never meet. Default `'agent-cache'`. */
  prefix?: string;
  redis?: RedisOptions;
  memory?: {
    /**
     * Bound of what is kept in this process, in bytes of encoded values, their keys and 512 for each entry. Default 64 MiB.
     * 0: keep nothing.
     */
    maxBytes?: number;
    /** Default: no bound but `maxBytes`. */
    maxEntries?: number;
  };
  ttl?: TtlOptions;
  /** How long past its time to live an entry may still serve when loading fails. Default: not at all. */
  grace?: Duration;
  /** Values of at least `minBytes` encoded bytes are compressed. Default 0: never. */
  compress?: { minBytes?: number };
  /** AES-256-GCM keys, `id:base64` of 32 bytes each: the first encrypts, all decrypt. Default: not encrypted. */
  encryption?: { keys?: readonly string[] };
  /** `enabled: false`: methods under `@CacheEmbeddings` run untouched, everything else is cached. Default true. */
  embeddings?: { enabled?: boolean };
  /** `aggregate: true`: add the counts of all instances up in Redis. Checked, without effect in this version. */
  metrics?: { aggregate?: boolean };
  /** Who is asking. With a resolver, a call for which it knows nothing bypasses the cache. */
  scope?: { resolve?: () => ScopeValues | undefined };
}

export type RedisTopology =
  | { readonly mode: 'standalone'; readonly url: string }
  | { readonly mode: 'cluster'; readonly nodes: readonly string[] }
  | { readonly mode: 'sentinel'; readonly sentinels: readonly string[]; readonly name: string };

export interface ResolvedRedisOptions {
  readonly topology: RedisTopology;
  readonly timeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly maxInFlight: number;
  readonly connections: number;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly sentinelUsername: string | undefined;
  readonly sentinelPassword: string | undefined;
  readonly tls: Readonly<Record<string, unknown>> | undefined;
}

export interface EncryptionKey {
  readonly id: string;
  /** 32 bytes. */
  readonly key: Buffer;
}

/** All options with their defaults filled in: milliseconds, bytes, counts. */
export interface ResolvedOptions {
  readonly enabled: boolean;
  readonly prefix: string;
  /** `null`: memory only. */
  readonly redis: ResolvedRedisOptions | null;
  readonly memory: { readonly maxBytes: number; readonly maxEntries: number | undefined };
  readonly ttl: {
    readonly defaultMs: number;
    readonly contextMs: number;
    readonly toolMs: number;
    readonly embeddingMs: number;
    readonly promptMs: number;
    readonly maxMs: number;
  };
  readonly graceMs: number;
  readonly compressMinBytes: number;
  readonly encryptionKeys: readonly EncryptionKey[];
  readonly embeddings: { readonly enabled: boolean };
  readonly resolveScope: (() => ScopeValues | undefined) | undefined;
}
