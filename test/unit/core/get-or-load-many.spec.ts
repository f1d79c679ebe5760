import { describe, expect, it } from '@jest/globals';
import { CacheLoadError } from '../../../src/core/errors.js';
import { createCacheKit, deferred, settle } from '../../support/cache-kit.js';

describe('getOrLoadMany', () => {
  it('loads only what is missing, each once, and keeps the order', async () => {
    const { cache } = createCacheKit();
    await cache.set('n:2', { n: 'cached' });
    const asked: number[][] = [];
    const results = await cache.getOrLoadMany(
      [3, 2, 1, 3],
      async (missing) => (asked.push(missing), missing.map((n) => ({ n: `loaded ${n}` }))),
      { keyOf: (n) => `n:${n}` },
    );
    expect(asked).toEqual([[3, 1]]);
    expect(results).toEqual([{ n: 'loaded 3' }, { n: 'cached' }, { n: 'loaded 1' }, { n: 'loaded 3' }]);
    expect(results[0]).not.toBe(results[3]);
  });

  it('reads and stores in one round trip each', async () => {
    const { cache, store } = createCacheKit();
    await cache.set('n:0', 'warm');
    const before = store.calls.length;
    await cache.getOrLoadMany(['n:1', 'n:2', 'n:3'], async (missing) => missing);
    expect(store.calls.slice(before).map(({ operation }) => operation)).toEqual(['read', 'lease', 'publish']);
    const afterwards = store.calls.length;
    await cache.getOrLoadMany(['n:1', 'n:2', 'n:3'], async () => []);
    expect(store.calls.slice(afterwards).map(({ operation }) => operation)).toEqual(['read']);
  });

  it('asks nothing for no keys', async () => {
    const { cache, store } = createCacheKit();
    expect(await cache.getOrLoadMany([], () => Promise.reject(new Error('asked')))).toEqual([]);
    expect(store.calls).toEqual([]);
  });

  it('fails for a wrong number of results and stores nothing', async () => {
    const { cache, store } = createCacheKit();
    const wrong = cache.getOrLoadMany(['a:1', 'a:2'], async () => ['only one']);
    await expect(wrong).rejects.toBeInstanceOf(CacheLoadError);
    expect(store.countOf('publish') + store.countOf('publish')).toBe(0);
  });

  it('shares single keys with loads that are under way', async () => {
    const { cache } = createCacheKit();
    const gate = deferred<string>();
    const single = cache.getOrLoad('s:1', () => gate.promise);
    await settle();
    const asked: string[][] = [];
    const many = cache.getOrLoadMany(
      ['s:1', 's:2'],
      async (missing) => (asked.push(missing), missing.map(() => 'batch')),
    );
    await settle();
    gate.resolve('single');
    expect([await single, await many, asked]).toEqual(['single', ['single', 'batch'], [['s:2']]]);
  });

  it('tells of each result how it came about, also of one that stands twice', async () => {
    const { cache, clock } = createCacheKit();
    await cache.set('k:hit', { v: 1 }, { ttl: '1h' });
    await cache.set('k:old', { v: 1 }, { ttl: '10s' });
    await clock.advance(20_000);
    const run = () => undefined;
    const results = await cache.getOrLoadMany(
      ['k:hit', 'k:old', 'k:new', 'k:odd', 'k:hit'],
      async (missing: string[]) => missing.map((key): object => (key === 'k:odd' ? { run } : { key })),
    );
    expect(results).toEqual([{ v: 1 }, { key: 'k:old' }, { key: 'k:new' }, { run }, { v: 1 }]);
    expect(results.map((result) => cache.outcomeOf(result))).toEqual([
      { status: 'hit', tier: 'memory', ageMs: 20_000, key: 'k:hit' },
      { status: 'miss', tier: null, ageMs: 0, key: 'k:old' },
      { status: 'miss', tier: null, ageMs: 0, key: 'k:new' },
      { status: 'refused', tier: null, ageMs: 0, key: 'k:odd' },
      { status: 'hit', tier: 'memory', ageMs: 20_000, key: 'k:hit' },
    ]);
  });

  it('falls back to stale results when loading fails, and fails where one has none', async () => {
    const { cache, clock } = createCacheKit();
    const policy = { ttl: '1s', grace: '1h' } as const;
    await cache.setMany(
      [
        ['g:1', 'old 1'],
        ['g:2', 'old 2'],
      ] as const,
      policy,
    );
    await clock.advance(2000);
    const failing = (): Promise<string[]> => Promise.reject(new Error('down'));
    expect(await cache.getOrLoadMany(['g:1', 'g:2'], failing, policy)).toEqual(['old 1', 'old 2']);
    await expect(cache.getOrLoadMany(['g:1', 'g:3'], failing, policy)).rejects.toThrow('down');
  });

  it.each([
    ['undefined', undefined],
    ['null', null],
    ['a text', 'ab'],
    ['something with a length', { length: 2 }],
    ['a Set', new Set([1, 2])],
    ['too many', [1, 2, 3]],
  ])('fails with CacheLoadError where the loader answers %s, and loads again', async (_what, answer) => {
    const { cache } = createCacheKit();
    const failing = cache.getOrLoadMany(['a:1', 'a:2'], async () => answer as number[]);
    await expect(failing).rejects.toBeInstanceOf(CacheLoadError);
    expect(await cache.getOrLoadMany(['a:1', 'a:2'], async () => [1, 2])).toEqual([1, 2]);
  });

  it('takes an empty slot of the answer for undefined', async () => {
    const { cache } = createCacheKit();
    const sparse = new Array<number>(2);
    sparse[1] = 2;
    expect(await cache.getOrLoadMany(['s:1', 's:2'], async () => sparse)).toEqual([undefined, 2]);
    expect(await cache.getOrLoad('s:1', async () => 1)).toBe(1);
  });

  it('loads anew in one call what others have loaded and cannot be copied', async () => {
    const { cache } = createCacheKit();
    const gate = deferred<void>();
    const keys = ['k:1', 'k:2', 'k:3'];
    const first = cache.getOrLoadMany(keys, async (missing) => {
      await gate.promise;
      return missing.map(() => () => 1);
    });
    await settle();
    const calls: string[][] = [];
    const second = cache.getOrLoadMany(['k:0', ...keys], async (missing) => {
      calls.push(missing);
      return missing.map((key) => () => key);
    });
    await settle();
    gate.resolve();
    await first;
    expect((await second).map((made) => made())).toEqual(['k:0', ...keys]);
    expect(calls).toEqual([['k:0'], keys]);
  });
});

describe('getMany and setMany', () => {
  it('keep the order and tell null from nothing', async () => {
    const { cache } = createCacheKit();
    expect(
      await cache.setMany([
        ['m:1', null],
        ['m:2', 'two'],
      ] as const),
    ).toBe(true);
    expect(await cache.getMany(['m:2', 'm:0', 'm:1'])).toEqual(['two', undefined, null]);
  });

  it('say false where one value cannot be stored, and store the others', async () => {
    const { cache } = createCacheKit();
    expect(
      await cache.setMany<unknown>([
        ['m:1', () => 1],
        ['m:2', 2],
      ]),
    ).toBe(false);
    expect(await cache.getMany(['m:1', 'm:2'])).toEqual([undefined, 2]);
  });

  it('tell whether delete removed something', async () => {
    const { cache } = createCacheKit();
    await cache.set('d:1', 1);
    expect([await cache.delete('d:1'), await cache.delete('d:1')]).toEqual([true, false]);
  });
});

describe('the time that a batch takes', () => {
  it('is shared out among its entries, so that sums are true', async () => {
    const { cache, clock, events } = createCacheKit();
    const keys = ['t:1', 't:2', 't:3', 't:4'];
    const gate = deferred<void>();
    const loading = cache.getOrLoadMany(keys, (missing) => gate.promise.then(() => missing));
    await settle();
    await clock.advance(400);
    gate.resolve();
    await loading;
    await cache.getMany(keys);
    const loadMs = events.flatMap(({ name, event }) => (name === 'load' && 'ms' in event ? [event.ms] : []));
    const savedMs = events.flatMap(({ event }) => ('savedMs' in event ? [event.savedMs] : []));
    expect([loadMs, savedMs]).toEqual([
      [100, 100, 100, 100],
      [100, 100, 100, 100],
    ]);
  });
});
