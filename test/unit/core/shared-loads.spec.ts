import { describe, expect, it, jest } from '@jest/globals';
import { createCacheKit, deferred, settle, type CacheKit } from '../../support/cache-kit.js';

/** The answer to the next call is what the store says now; it arrives when the returned function is called. */
function holdNextAnswer({ entries }: CacheKit['store'], operation: 'read' | 'ensureVersions'): () => void {
  const gate = deferred<void>();
  const work = entries[operation].bind(entries) as (...args: never[]) => Promise<never>;
  const spy = jest.spyOn(entries, operation) as unknown as jest.SpiedFunction<typeof work>;
  spy.mockImplementationOnce(async (...args) => {
    const reply = await work(...args);
    await gate.promise;
    return reply;
  });
  return () => {
    expect(spy).toHaveBeenCalled();
    gate.resolve();
  };
}

/** A loader that is counted, and ends when the test says. */
function countedLoad() {
  const gate = deferred<string>();
  const counted = { loads: 0, end: () => gate.resolve('v'), load: () => (counted.loads++, gate.promise) };
  return counted;
}

describe('one load for all', () => {
  it('is joined by who saw no version, though it has been created since', async () => {
    const { cache, store, clock } = createCacheKit();
    const counted = countedLoad();
    const create = store.hold('ensureVersions');
    const first = cache.getOrLoad('k:1', counted.load);
    await settle();
    const answer = holdNextAnswer(store, 'read');
    const second = cache.getOrLoad('k:1', counted.load);
    await clock.advance(1);
    create();
    await settle();
    answer();
    await settle();
    counted.end();
    expect([await first, await second, counted.loads]).toEqual(['v', 'v', 1]);
  });

  it('is joined by who saw the version that is being created, before its confirmation', async () => {
    const { cache, store } = createCacheKit();
    const counted = countedLoad();
    const confirm = holdNextAnswer(store, 'ensureVersions');
    const first = cache.getOrLoad('k:1', counted.load);
    await settle();
    const second = cache.getOrLoad('k:1', counted.load);
    await settle();
    confirm();
    counted.end();
    expect([await first, await second, counted.loads]).toEqual(['v', 'v', 1]);
  });

  it('is joined by who read before its result was stored and hears of it after', async () => {
    const { cache, store } = createCacheKit();
    const counted = countedLoad();
    const first = cache.getOrLoad('k:1', counted.load);
    await settle();
    const answer = holdNextAnswer(store, 'read');
    const second = cache.getOrLoad('k:1', counted.load);
    await settle();
    counted.end();
    await first;
    await settle();
    answer();
    expect([await second, counted.loads]).toEqual(['v', 1]);
  });

  it('is not joined once its result would have expired, however long the store takes', async () => {
    const { cache, store, clock } = createCacheKit();
    store.hold('publish');
    expect(await cache.getOrLoad('k:1', async () => 'old', { ttl: '1s' })).toBe('old');
    await clock.advance(999);
    expect(await cache.getOrLoad('k:1', async () => 'new', { ttl: '1s' })).toBe('old');
    await clock.advance(1);
    expect(await cache.getOrLoad('k:1', async () => 'new', { ttl: '1s' })).toBe('new');
  });

  it('is not joined by who saw that another instance has invalidated since', async () => {
    const here = createCacheKit();
    const there = createCacheKit({}, here);
    await here.cache.set('k:0', 'the version is there');
    const counted = countedLoad();
    const early = there.cache.getOrLoad('k:1', counted.load);
    await settle();
    await here.cache.invalidate({ namespace: 'k' });
    expect(await there.cache.getOrLoad('k:1', async () => 'new')).toBe('new');
    counted.end();
    await early;
    expect(await there.cache.get('k:1')).toBe('new');
  });

  it('is not joined after an invalidation elsewhere while one of its own instance is on its way', async () => {
    const base = createCacheKit();
    const [here, there] = [createCacheKit({}, base), createCacheKit({}, base)];
    await here.cache.set('k:0', 'the versions are there', { tags: ['t'] });
    const release = here.store.hold('setManyOnce');
    const own = here.cache.invalidate({ namespace: 'k' });
    const counted = countedLoad();
    const first = here.cache.getOrLoad('k:1', counted.load, { tags: ['t'] });
    await settle();
    expect(await there.cache.invalidate({ tag: 't' })).toEqual({ acknowledged: true });
    expect(await here.cache.getOrLoad('k:1', async () => 'new', { tags: ['t'] })).toBe('new');
    counted.end();
    expect(await first).toBe('v');
    release();
    expect(await own).toEqual({ acknowledged: true });
  });

  it('is not joined by who does not name the tag that another instance has invalidated since', async () => {
    const here = createCacheKit();
    const there = createCacheKit({}, here);
    await here.cache.set('k:0', 'the versions are there', { tags: ['t'] });
    const counted = countedLoad();
    const early = there.cache.getOrLoad('k:1', counted.load, { tags: ['t'] });
    await settle();
    expect(await here.cache.invalidate({ tag: 't' })).toEqual({ acknowledged: true });
    expect(await there.cache.getOrLoad('k:1', async () => 'new')).toBe('new');
    counted.end();
    expect(await early).toBe('v');
  });

  it.each([{ key: 'k:1' }, { pattern: 'k:*' }, { namespace: 'k' }])(
    'that began before %p is not joined; the one after it is, also when the first has ended',
    async (target) => {
      const { cache } = createCacheKit();
      const [early, late] = [countedLoad(), countedLoad()];
      const first = cache.getOrLoad('k:1', early.load);
      await settle();
      await cache.invalidate(target);
      const second = cache.getOrLoad('k:1', late.load);
      await settle();
      early.end();
      await first;
      const third = cache.getOrLoad('k:1', late.load);
      await settle();
      late.end();
      expect([await second, await third, early.loads, late.loads]).toEqual(['v', 'v', 1, 1]);
    },
  );

  it('creates a missing version once for all loads that miss it, and stores each', async () => {
    const { cache, store } = createCacheKit();
    const release = store.hold('ensureVersions');
    const loading = ['k:1', 'k:2', 'k:3'].map((key) => cache.getOrLoad(key, async () => key));
    await settle();
    release();
    await Promise.all(loading);
    expect(store.countOf('ensureVersions')).toBe(1);
    expect(await cache.getMany(['k:1', 'k:2', 'k:3'])).toEqual(['k:1', 'k:2', 'k:3']);
  });
});

describe('a load that asks for its own key', () => {
  it.each([
    ['with a store', null],
    ['without one', 'disconnected'],
  ] as const)('does not wait for itself, %s', async (_how, failure) => {
    const { cache, store } = createCacheKit();
    store.fail(failure);
    const outer = cache.getOrLoad('r:1', async () => {
      return `outer of ${await cache.getOrLoad('r:1', async () => 'inner')}`;
    });
    expect(await outer).toBe('outer of inner');
  });

  it('stores what the outer call came to', async () => {
    const { cache } = createCacheKit();
    await cache.getOrLoad('r:1', async () => `outer of ${await cache.getOrLoad('r:1', async () => 'inner')}`);
    expect(await cache.get('r:1')).toBe('outer of inner');
  });

  it('does not wait for itself among many, at any depth, nor through wrap', async () => {
    const { cache } = createCacheKit();
    const factorial: (n: number, root?: number) => Promise<number> = cache.wrap(
      async (n: number, root = n) => (n === 0 ? 1 : n * (await factorial(n - 1, root))),
      { key: (_n, root = _n) => `fact:${root}` },
    );
    expect(await factorial(4, 4)).toBe(24);
    const nested = cache.getOrLoadMany(['m:1', 'm:2'], async (missing) => {
      const again = await cache.getOrLoadMany(['m:2', 'm:3'], async (keys) => keys);
      return missing.map((key) => `${key} after ${again.join()}`);
    });
    expect(await nested).toEqual(['m:1 after m:2,m:3', 'm:2 after m:2,m:3']);
    expect(await cache.getMany(['m:2', 'm:3'])).toEqual(['m:2 after m:2,m:3', 'm:3']);
  });

  it('shares the load of another key like everybody else, and what it leaves running joins again', async () => {
    const { cache, store } = createCacheKit();
    const counted = countedLoad();
    const other = cache.getOrLoad('o:1', counted.load);
    let left: Promise<string> | undefined;
    const gate = deferred<void>();
    const first = cache.getOrLoad('r:1', async () => {
      left = gate.promise.then(() => cache.getOrLoad('r:1', async () => 'again'));
      return cache.getOrLoad('o:1', counted.load);
    });
    await settle();
    counted.end();
    store.hold('publish');
    expect([await other, await first, counted.loads]).toEqual(['v', 'v', 1]);
    gate.resolve();
    expect(await left).toBe('v');
  });
});

describe('loads that need each other through other calls', () => {
  /** `b` needs `c`, and `c` needs `a`, which `b` is loaded together with: no circle, but one of calls. */
  it.each([false, true])('come to an end with the cache as without it: %p', async (enabled) => {
    const { cache } = createCacheKit({ enabled });
    const c = (): Promise<string> =>
      cache.getOrLoad('x:c', async () => {
        await settle();
        return `c(${(await some(['x:a']))[0]})`;
      });
    const some = (keys: string[]): Promise<string[]> =>
      cache.getOrLoadMany(keys, async (missing) => {
        await settle();
        const needed = missing.includes('x:b') ? await c() : '';
        return missing.map((key) => (key === 'x:b' ? `b(${needed})` : 'a'));
      });
    const both = Promise.all([some(['x:a', 'x:b']), c()]);
    let result: unknown = 'waits for ever';
    void both.then((answers) => (result = answers));
    for (let turn = 0; turn < 20; turn++) await settle();
    expect(result).toEqual([['a', 'b(c(a))'], 'c(a)']);
  });

  it('in a circle of two keys end as one of them that runs twice', async () => {
    const { cache } = createCacheKit();
    let depth = 0;
    const load = (key: string, other: string): Promise<string> =>
      cache.getOrLoad(key, async () => {
        await settle();
        return depth++ > 5 ? key : `${key}(${await load(other, key)})`;
      });
    let answers: unknown = null;
    void Promise.all([load('x:a', 'x:b'), load('x:b', 'x:a')]).then((both) => (answers = both));
    for (let turn = 0; turn < 60; turn++) await settle();
    expect(answers).toEqual([expect.stringContaining('x:a('), expect.stringContaining('x:b(')]);
  });
});
