import { createCache } from 'async-cache-dedupe';
import { Redis } from 'ioredis';

const TTL_SECONDS = 3_600;

/** Nothing tells its instances of each other's invalidations. */
export function open(url, prefix, load, { hasMemory }) {
  if (hasMemory) return null;
  const client = new Redis(url, { keyPrefix: `${prefix}:` });
  const cache = createCache({ ttl: TTL_SECONDS, storage: { type: 'redis', options: { client } } }).define('load', load);
  return { get: (key) => cache.load(key), close: () => client.disconnect() };
}
