import { describe, expect, it } from '@jest/globals';
import { connectLog } from '../../../src/observability/cache-log.js';
import { createCacheKit } from '../../support/cache-kit.js';

const SECRETS = ['sk-live-51H8secret-looking-key', 'alice@example.com', ':sk-live'];

describe('the category of a key', () => {
  it.each([
    ['prices:EUR', 'prices'],
    ['AppModule.Prices.of:#0f', 'AppModule.Prices.of'],
    ['with%20space:1', 'with space'],
    ['100%:1', '100%'],
    ...SECRETS.map((key) => [key, 'default']),
  ])('%s: %s', async (key, category) => {
    const { cache, events } = createCacheKit();
    await cache.get(key);
    expect(events[0]?.event).toMatchObject({ category });
  });

  it('is what the policy names, whatever the key', async () => {
    const { cache, events } = createCacheKit();
    await cache.get('alice@example.com', { namespace: 'users' });
    expect(events[0]?.event).toMatchObject({ category: 'users' });
  });

  it('shows no key without a namespace in metrics or logs, and leaves the names to the namespaces', async () => {
    const { cache, composed } = createCacheKit();
    const lines: string[] = [];
    const write = (line: string): void => void lines.push(line);
    connectLog(composed.events, { log: write, warn: write });
    const keys = [...SECRETS, ...Array.from({ length: 60 }, (_, n) => `user-${n}@example.com`)];
    for (const key of keys) await cache.getOrLoad(key, async () => () => 'not storable');
    await cache.getOrLoad('prices:EUR', async () => 1);
    expect(Object.keys(composed.metrics.summary().categories)).toEqual(['default', 'prices']);
    expect(lines).toEqual([expect.stringContaining("A result of 'default' was passed through")]);
  });

  it('is the namespace that can be invalidated', async () => {
    const { cache } = createCacheKit();
    await cache.set('bare', 1);
    await cache.set('prices:EUR', 2);
    await cache.invalidate({ namespace: 'default' });
    expect(await cache.getMany(['bare', 'prices:EUR'])).toEqual([undefined, 2]);
  });
});
