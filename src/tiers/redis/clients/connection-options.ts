import type { ClusterOptions, RedisOptions } from 'ioredis';
import { CacheConfigurationError } from '../../../core/errors.js';
import type { ResolvedRedisOptions } from '../../../core/policy/options.js';
import { parseNodeAddress, parseRedisUrl, type RedisAddress } from '../../../core/policy/redis-address.js';
import type { Clock } from '../../../core/ports/clock.js';

/** Options of a client whose replies have the shapes of RESP2, whatever the protocol. */
export type LegacyReplies<Options> = Omit<Options, 'replyMapping'> & { readonly replyMapping: 'legacy' };

/** Options of a cluster client whose replies have the shapes of RESP2. */
export type LegacyClusterOptions = ClusterOptions & { redisOptions: { replyMapping: 'legacy' } };

const READONLY_RECONNECT_EVERY_MS = 1_000;

/** What makes a client fail fast. Every queue, repetition and reconnection of the library is off: the store has its own. */
function failFast(options: ResolvedRedisOptions): LegacyReplies<RedisOptions> {
  return {
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    enableAutoPipelining: false,
    retryStrategy: () => null,
    connectTimeout: options.connectTimeoutMs,
    // A silent connection is given up. There is no `commandTimeout`: it costs a fifth of a command's CPU, and callers
    // have a deadline of their own.
    socketTimeout: 1_000,
    disconnectTimeout: 100,
    keepAlive: 10_000,
    maxLoadingRetryTime: 100,
    // Its name in CLIENT LIST is no reason to need one right more.
    disableClientInfo: true,
    // Ignored by ioredis 5, which speaks RESP2 and knows no other replies.
    protocol: 3,
    replyMapping: 'legacy',
  };
}

function credentials({
  username,
  password,
}: Pick<ResolvedRedisOptions, 'username' | 'password'>): Pick<RedisOptions, 'username' | 'password'> {
  return { ...(username !== undefined && { username }), ...(password !== undefined && { password }) };
}

/** Options for the server of a URL. User and password that are configured apart win over those of the URL. */
export function standaloneOptions(options: ResolvedRedisOptions, url: string): LegacyReplies<RedisOptions> {
  const { host, port, db, isTls, username, password } = readable(parseRedisUrl(url), 'redis.url');
  const tls = options.tls ?? (isTls ? {} : undefined);
  return {
    ...failFast(options),
    ...credentials({ username: options.username ?? username, password: options.password ?? password }),
    ...(tls && { tls }),
    host,
    port,
    db,
  };
}

/** Options for the master that sentinels name. */
export function sentinelOptions(
  options: ResolvedRedisOptions,
  { sentinels, name }: { readonly sentinels: readonly string[]; readonly name: string },
  clock: Clock,
): LegacyReplies<RedisOptions> {
  return {
    ...failFast(options),
    ...credentials(options),
    ...(options.tls && { tls: options.tls, sentinelTLS: options.tls, enableTLSForSentinelMode: true }),
    sentinels: nodesAt(sentinels),
    name,
    ...(options.sentinelUsername !== undefined && { sentinelUsername: options.sentinelUsername }),
    ...(options.sentinelPassword !== undefined && { sentinelPassword: options.sentinelPassword }),
    sentinelRetryStrategy: () => null,
    sentinelCommandTimeout: 500,
    failoverDetector: true,
    reconnectOnError: onceInAWhile(clock, (error) => error.message.startsWith('READONLY')),
  };
}

/** Options for a cluster; its start nodes are read by {@link nodesAt}. */
export function clusterOptions(options: ResolvedRedisOptions): LegacyClusterOptions {
  const { enableOfflineQueue: _queue, retryStrategy: _strategy, ...redisOptions } = failFast(options);
  return {
    lazyConnect: true,
    enableOfflineQueue: false,
    clusterRetryStrategy: () => null,
    maxRedirections: 4,
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    retryDelayOnTryAgain: 20,
    slotsRefreshInterval: 0,
    slotsRefreshTimeout: 500,
    scaleReads: 'master',
    redisOptions: { ...redisOptions, ...credentials(options), ...(options.tls && { tls: options.tls }) },
  };
}

/** Options for one node of a cluster, at `host:port`. */
export function clusterNodeOptions(options: ResolvedRedisOptions, address: string): LegacyReplies<RedisOptions> {
  const at = address.lastIndexOf(':');
  return {
    ...failFast(options),
    ...credentials(options),
    ...(options.tls && { tls: options.tls }),
    host: address.slice(0, at),
    port: Number(address.slice(at + 1)),
  };
}

/** Servers that are given as `host:port`. */
export function nodesAt(addresses: readonly string[]): RedisAddress[] {
  return addresses.map((address) =>
    readable(parseNodeAddress(address), 'an address of redis.clusterNodes or sentinels'),
  );
}

/** What was checked can be read; only who makes a store without checking its options can meet the error. */
function readable<T>(value: T | null, what: string): T {
  if (value === null) throw new CacheConfigurationError(`${what} cannot be read: check it with resolveOptions first`);
  return value;
}

/** A demoted master refuses writes: reconnecting finds the new one. Not more often than once a second. */
function onceInAWhile(clock: Clock, isMeant: (error: Error) => boolean): (error: Error) => 1 | false {
  let lastMs = -Infinity;
  return (error) => {
    if (!isMeant(error) || clock.monotonicNow() - lastMs < READONLY_RECONNECT_EVERY_MS) return false;
    lastMs = clock.monotonicNow();
    return 1;
  };
}
