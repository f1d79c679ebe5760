import { describe, expect, it } from '@jest/globals';
import { CacheKeyError } from '../../../src/core/errors.js';
import { createCacheKit } from '../../support/cache-kit.js';

describe('variants of a key', () => {
  it('are loaded and served apart', async () => {
    const { cache } = createCacheKit();
    let loads = 0;
    const ask = (vary?: unknown) => cache.getOrLoad('page:7', async () => ++loads, { vary });
    expect([await ask('de'), await ask('en'), await ask({ locale: 'de' }), await ask()]).toEqual([1, 2, 3, 4]);
    expect([await ask('de'), await ask('en'), await ask({ locale: 'de' }), await ask()]).toEqual([1, 2, 3, 4]);
  });

  it('are invalidated one by one, by their key', async () => {
    const { cache, composed } = createCacheKit();
    const set = (vary?: string) => cache.set('page:7', vary ?? 'plain', { vary });
    const get = (vary?: string) => cache.get('page:7', { vary });
    await composed.scope.run({ tenant: 'acme' }, async () => {
      await Promise.all([set('de'), set('en'), set()]);
      expect(await cache.invalidate({ key: 'page:7', vary: 'de' })).toEqual({ acknowledged: true });
      expect([await get('de'), await get('en'), await get()]).toEqual([undefined, 'en', 'plain']);
      await cache.invalidate({ key: 'page:7' });
      expect([await get('en'), await get()]).toEqual(['en', undefined]);
      await cache.invalidate({ key: 'page:7', vary: 'en', level: 'tenant' });
      expect(await get('en')).toBeUndefined();
    });
  });

  it('are all in the groups of the policy', async () => {
    const { cache } = createCacheKit();
    await cache.set('page:7', 1, { vary: 'de', tags: ['t'] });
    await cache.set('page:7', 2, { vary: 'en' });
    await cache.invalidate({ tag: 't' });
    expect([await cache.get('page:7', { vary: 'de' }), await cache.get('page:7', { vary: 'en' })]).toEqual([
      undefined,
      2,
    ]);
    await cache.invalidate({ namespace: 'page' });
    expect(await cache.get('page:7', { vary: 'en' })).toBeUndefined();
  });

  it('reject where no key can be made of them', async () => {
    const { cache } = createCacheKit();
    const vary = () => 'de';
    await expect(cache.getOrLoad('page:7', async () => 1, { vary })).rejects.toThrow(CacheKeyError);
    await expect(cache.invalidate({ key: 'page:7', vary })).rejects.toThrow(CacheKeyError);
  });
});
