/** A fresh process that prints how long its first hit took from here on, and by how much its memory grew. */
const startedAt = performance.now();
const startBytes = process.memoryUsage.rss();
const [name, url, prefix] = process.argv.slice(2);

const firstHit = {
  async ours() {
    const { createAgentCache } = await import('nestjs-agent-cache/core');
    const cache = createAgentCache({ prefix, redis: { url } });
    while ((await cache.get('start:first')) === undefined) await new Promise((resolve) => setImmediate(resolve));
    return () => cache.close();
  },
  async limit() {
    const { Redis } = await import('ioredis');
    const redis = new Redis(url);
    await redis.get(`${prefix}:start:first`);
    return () => redis.disconnect();
  },
};

/** What must not be loaded has an answer in Redis. */
async function peer() {
  const { open } = await import(`../peers/${name}.mjs`);
  const cache = await open(url, prefix, () => Promise.reject(new Error('not a hit')), {
    hasMemory: false,
  });
  await cache.get('start:first');
  return () => cache.close();
}

const close = await (firstHit[name] ?? peer)();
const result = { ms: performance.now() - startedAt, grownMb: (process.memoryUsage.rss() - startBytes) / 2 ** 20 };
process.stdout.write(JSON.stringify(result));
await close();
