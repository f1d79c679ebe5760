import type { Cluster, Redis, RedisOptions } from 'ioredis';
import type { ResolvedRedisOptions } from '../../../core/policy/options.js';
import type { Clock } from '../../../core/ports/clock.js';
import {
  clusterNodeOptions,
  clusterOptions,
  type LegacyReplies,
  nodesAt,
  sentinelOptions,
  standaloneOptions,
} from './connection-options.js';
import type { IoredisModule, RedisClient } from './load-ioredis.js';

/** Makes clients for one topology, which have not begun to connect. Wrong addresses throw `CacheConfigurationError`. */
export function clientFactory(library: IoredisModule, options: ResolvedRedisOptions, clock: Clock): () => RedisClient {
  const { topology } = options;
  switch (topology.mode) {
    case 'standalone': {
      const clientOptions = standaloneOptions(options, topology.url);
      return () => new library.Redis(clientOptions);
    }
    case 'sentinel': {
      const clientOptions = sentinelOptions(options, topology, clock);
      return () => new library.Redis(clientOptions);
    }
    case 'cluster': {
      const nodes = nodesAt(topology.nodes);
      const clientOptions = clusterOptions(options);
      return () => new library.Cluster([...nodes], clientOptions);
    }
  }
}

/**
 * Makes clients that listen to one server: the one at `address` in a cluster, else the one that holds the data. They speak
 * RESP2: under RESP3 the library drops what the server tells of keys.
 */
export function listenerFactory(
  library: IoredisModule,
  options: ResolvedRedisOptions,
  clock: Clock,
): (address: string) => Redis {
  const { topology } = options;
  const optionsFor = (address: string): LegacyReplies<RedisOptions> => {
    if (topology.mode === 'cluster') return clusterNodeOptions(options, address);
    if (topology.mode === 'sentinel') return sentinelOptions(options, topology, clock);
    return standaloneOptions(options, topology.url);
  };
  return (address) => new library.Redis({ ...optionsFor(address), protocol: 2 });
}

/** What an attempt to connect may take on top of the connection itself, in milliseconds. */
const HANDSHAKE_MS = 3_000;

/** After how many milliseconds an attempt to connect is given up that is neither ready nor ended. */
export const attemptTimeoutOf = ({ connectTimeoutMs }: ResolvedRedisOptions): number => connectTimeoutMs + HANDSHAKE_MS;

export const isCluster = (client: RedisClient): client is Cluster => client.isCluster;

/** Whether the client speaks TLS. */
export const hasTls = (client: RedisClient): boolean =>
  Boolean((isCluster(client) ? client.options.redisOptions : client.options)?.tls);

/** The connections that hold the data: the masters of a cluster, or the client itself. */
export const mastersOf = (client: RedisClient): Redis[] => (isCluster(client) ? client.nodes('master') : [client]);

/**
 * Ends a client at once. What waits for an answer is rejected; replies that still arrive belong to nobody. Asking the
 * server to finish (`quit`), or the socket to end in good order, never returns when the server hangs.
 */
export function destroyClient(client: RedisClient): void {
  const connections = isCluster(client) ? client.nodes('all') : [client];
  client.disconnect();
  for (const connection of connections) destroyStream(connection);
}

/** Ends the connection of one client at once. */
export function destroyStream(client: Redis): void {
  const { stream, socketTimeoutTimer } = client as unknown as Inside;
  // Before version 6 the library forgets this timer, which then keeps the process alive.
  clearTimeout(socketTimeoutTimer);
  stream?.destroy();
}

/** The connection of a client that is ready does not keep the process alive from now on. */
export function unrefStream(client: Redis): void {
  client.stream.unref();
}

/** What of a client the types of the library do not tell: it sets `stream` only when it begins to connect. */
interface Inside {
  readonly stream?: Redis['stream'];
  readonly socketTimeoutTimer?: NodeJS.Timeout;
}
