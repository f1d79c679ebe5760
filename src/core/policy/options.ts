import type { Duration } from './duration.js';
import type { Resource } from './resource.js';
import type { Store } from '../ports/store.js';
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
  /** An invalidation counts as acknowledged only once so many replicas have it (`WAIT`). Default 0: once the master has it. */
  minReplicas?: number;
  /** Wins over that of the URL. Default: none. */
  username?: string;
  /** Wins over that of the URL. Default: none. Never shown. */
  password?: string;
  /** For the sentinels themselves, where they ask for it. */
  sentinelUsername?: string;
  /** For the sentinels themselves; that of the master is not given to them. */
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

/**
 * What tags and resources depend on. An entry that names one is made unusable by the invalidation of what it depends on,
 * directly or through others, too. Asked at each call that names one, so they must be quick, and the same for all
 * processes. Where one throws or answers no array, and past 200 dependencies, the call bypasses the cache
 * (`unknown-dependencies`).
 */
export interface CascadeOptions {
  /** The tags that `tag` depends on; an empty array: none. */
  tag?: (tag: string) => readonly string[];
  /** The resources that `resource` depends on; an empty array: none. */
  resource?: (resource: Resource) => readonly Resource[];
}

/** Options of the cache that need no Nest. Every one may be left out. */
export interface CacheOptions {
  /** Default true. `false`: nothing is cached and no connection is opened. */
  enabled?: boolean;
  /** First part of every key; letters, digits, `.`, `_`, `-`. Two apps with different prefixes never meet. Default `'agent-cache'`. */
  prefix?: string;
  /** Default: none, so entries live in the memory of this process alone. */
  redis?: RedisOptions;
  /**
   * A store of your own in the place of Redis; `memory` stands in front of it. It must keep what `storeContract` of
   * `nestjs-agent-cache/testing` checks. Not together with `redis`.
   */
  store?: Store;
  /** What this process keeps: in front of Redis, or alone. */
  memory?: {
    /**
     * Bound of what is kept in this process, in bytes of encoded values, their keys and 512 for each entry. Default 64 MiB.
     * 0: keep nothing.
     */
    maxBytes?: number;
    /** Default: no bound but `maxBytes`. */
    maxEntries?: number;
    /**
     * How long an entry is kept in front of a Redis that does not tell what changes in it (tracking is refused, by an ACL or
     * a managed service): for so long, a change made elsewhere is not seen. Default `'off'`: nothing is kept then.
     */
    withoutTracking?: Duration | 'off';
  };
  /** For what no policy says a time to live of. */
  ttl?: TtlOptions;
  /** How long past its time to live an entry may still serve when loading fails or is slow. Default: not at all. */
  grace?: Duration;
  /**
   * A result of more encoded bytes is passed through and not stored. Default 16 MiB. 0: no bound but that of the store.
   */
  maxValueBytes?: number;
  /** Values of at least `minBytes` encoded bytes are compressed. Default 0: never. */
  compress?: { minBytes?: number };
  /** AES-256-GCM keys, `id:base64` of 32 bytes each: the first encrypts, all decrypt, the last hides names. Default: not encrypted. */
  encryption?: { keys?: readonly string[] };
  /** `enabled: false`: methods under `@CacheEmbeddings` run untouched, everything else is cached. Default true. */
  embeddings?: { enabled?: boolean };
  /** `aggregate: true`: add the counts of all instances up in Redis. Checked, without effect in this version. */
  metrics?: { aggregate?: boolean };
  /** Who is asking. With a resolver, a call for which it knows nothing bypasses the cache. */
  scope?: { resolve?: () => ScopeValues | undefined };
  /** What tags and resources depend on. Default: on nothing. */
  cascade?: CascadeOptions;
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
  /** Replicas that must have an invalidation before it is acknowledged. */
  readonly minReplicas: number;
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
  /** `null`: no Redis. */
  readonly redis: ResolvedRedisOptions | null;
  /** The user's own; `undefined`: none. */
  readonly store: Store | undefined;
  readonly memory: {
    readonly maxBytes: number;
    readonly maxEntries: number | undefined;
    /** `null`: nothing is kept in front of a Redis that does not tell what changes. */
    readonly withoutTrackingMs: number | null;
  };
  readonly ttl: {
    readonly defaultMs: number;
    readonly contextMs: number;
    readonly toolMs: number;
    readonly embeddingMs: number;
    readonly promptMs: number;
    readonly maxMs: number;
  };
  readonly graceMs: number;
  /** `Infinity`: no bound. */
  readonly maxValueBytes: number;
  readonly compressMinBytes: number;
  readonly encryptionKeys: readonly EncryptionKey[];
  readonly embeddings: { readonly enabled: boolean };
  readonly resolveScope: (() => ScopeValues | undefined) | undefined;
  readonly cascade: CascadeOptions;
}
