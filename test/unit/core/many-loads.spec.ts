import { describe, expect, it } from '@jest/globals';
import { portionsOf } from '../../../src/core/portions.js';
import { createCacheKit, settle } from '../../support/cache-kit.js';

const KEYS = Array.from({ length: 1_200 }, (_, index) => `many:${index}`);

describe('many keys that are loaded in one call', () => {
  it('are leased and stored in portions, each when the one before it is answered', async () => {
    const { cache, store } = createCacheKit();
    await cache.getOrLoadMany(KEYS, async (missing) => missing);
    await settle();
    const portions = (operation: string): number[] =>
      store.calls.filter((call) => call.operation === operation).map(({ keys }) => keys.length);
    expect(portions('lease')).toEqual([500, 500, 200]);
    expect(portions('publish')).toEqual([500, 500, 200]);
    expect(await cache.getMany(KEYS)).toEqual(KEYS);
  });

  it('are stored as far as they could be leased in time, and the next call loads the rest', async () => {
    const { cache, store, clock } = createCacheKit({ redis: { url: 'redis://unused', timeout: '100ms' } });
    const isHeld: (() => void)[] = [];
    const { lease } = store.entries;
    store.entries.lease = async (requests) => {
      const reply = await lease(requests);
      if (isHeld.length === 0 && store.countOf('lease') === 2) isHeld.push(store.hold('lease'));
      return reply;
    };
    let loaded: string[] = [];
    const load = async (missing: string[]) => (loaded = missing);
    const answer = cache.getOrLoadMany(KEYS, load);
    await clock.advance(150);
    expect(await answer).toEqual(KEYS);
    expect(loaded).toHaveLength(1_200);
    isHeld[0]?.();
    await settle();
    await cache.getOrLoadMany(KEYS, load);
    expect(loaded).toEqual(KEYS.slice(1_000));
  });

  it.each([
    [[], [0]],
    [Array(500).fill(0), [500]],
    [Array(501).fill(0), [500, 1]],
  ])('go in portions of 500', (items: number[], lengths) => {
    expect(portionsOf(items).map(({ length }) => length)).toEqual(lengths);
  });
});
