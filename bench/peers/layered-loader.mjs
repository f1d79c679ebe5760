import { Redis } from 'ioredis';
import { createNotificationPair, Loader, RedisCache } from 'layered-loader';

const TTL_MS = 3_600_000;

export async function open(url, prefix, load, { hasMemory }) {
  const clients = Array.from({ length: hasMemory ? 3 : 1 }, () => new Redis(url));
  const [client, publisherRedis, consumerRedis] = clients;
  const { publisher, consumer } = hasMemory
    ? await createNotificationPair({ channel: prefix, publisherRedis, consumerRedis })
    : {};
  const loader = new Loader({
    inMemoryCache: hasMemory ? { cacheType: 'lru-map', ttlInMsecs: TTL_MS, maxItems: 1_000 } : false,
    asyncCache: new RedisCache(client, { prefix, json: true, ttlInMsecs: TTL_MS }),
    dataSources: [{ name: 'load', get: load, getMany: (keys) => Promise.all(keys.map(load)) }],
    ...(hasMemory && { notificationPublisher: publisher, notificationConsumer: consumer }),
  });
  await loader.init();
  return {
    get: (key) => loader.get(key),
    peek: async (key) => loader.getInMemoryOnly(key),
    invalidate: (key) => loader.invalidateCacheFor(key),
    close: () => clients.forEach((each) => each.disconnect()),
  };
}
