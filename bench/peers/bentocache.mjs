import { BentoCache, bentostore } from 'bentocache';
import { memoryDriver } from 'bentocache/drivers/memory';
import { redisBusDriver, redisDriver } from 'bentocache/drivers/redis';

export function open(url, prefix, load, { hasMemory }) {
  const { hostname: host, port } = new URL(url);
  const connection = { host, port: Number(port) };
  let store = bentostore().useL2Layer(redisDriver({ connection, prefix }));
  if (hasMemory) store = store.useL1Layer(memoryDriver({ maxItems: 1_000 })).useBus(redisBusDriver({ connection }));
  const cache = new BentoCache({ default: 'store', stores: { store }, ttl: '1h' });
  return {
    get: (key) => cache.getOrSet({ key, factory: () => load(key) }),
    peek: (key) => cache.get({ key }),
    invalidate: (key) => cache.delete({ key }),
    close: () => cache.disconnectAll(),
  };
}
