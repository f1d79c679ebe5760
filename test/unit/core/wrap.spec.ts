import { describe, expect, it } from '@jest/globals';
import { createCacheKit } from '../../support/cache-kit.js';

describe('wrap', () => {
  it('caches a function by the key of its arguments', async () => {
    const { cache } = createCacheKit();
    let calls = 0;
    const double = cache.wrap(async (n: number) => (calls++, n * 2), { key: (n) => `double:${n}` });
    expect([await double(2), await double(2), await double(3), calls]).toEqual([4, 4, 6, 2]);
  });

  it('hands on the object that the function is called on', async () => {
    const { cache } = createCacheKit();
    const account = {
      rate: 3,
      times: cache.wrap(
        async function (this: { rate: number }, n: number) {
          return n * this.rate;
        },
        { key: (n) => `times:${n}` },
      ),
    };
    expect([await account.times(2), await account.times(2)]).toEqual([6, 6]);
  });

  it.each([
    ['throws', { namespace: 'mine' }, 'mine'],
    ['throws', {}, 'default'],
    ['answers nothing', {}, 'default'],
    ['answers an empty text', {}, 'default'],
    ['answers what begins a scope', {}, 'default'],
  ])('runs the function uncached and counts that where the key %s', async (how, policy, category) => {
    const { cache, store, events } = createCacheKit();
    const keys: Record<string, () => string> = {
      throws: () => {
        throw new Error('mine');
      },
      'answers nothing': () => undefined as unknown as string,
      'answers an empty text': () => '',
      'answers what begins a scope': () => 'user:@tenant=acme',
    };
    const ran = cache.wrap(async (n: number) => ({ n }), { ...policy, key: keys[how] ?? (() => 'k:1') });
    const result = await ran(1);
    expect(result).toEqual({ n: 1 });
    expect(cache.outcomeOf(result)).toMatchObject({ status: 'bypass', key: null });
    expect(store.calls).toEqual([]);
    expect(events).toEqual([{ name: 'bypass', event: { category, reason: 'not-keyable' } }]);
  });

  it('rejects with what the function throws, cached or not', async () => {
    const { cache, names } = createCacheKit();
    const throwing = (): Promise<string> => {
      throw new TypeError('sync');
    };
    await expect(cache.wrap(throwing, { key: () => 'k:1' })()).rejects.toThrow('sync');
    await expect(cache.wrap(throwing, { key: () => '' })()).rejects.toThrow('sync');
    expect(names()).toEqual(['miss', 'load', 'bypass']);
  });
});
