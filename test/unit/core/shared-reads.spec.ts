import { describe, expect, it, jest } from '@jest/globals';
import { createCacheKit, createInstances, deferred, settle, type CacheKit } from '../../support/cache-kit.js';

/** The next answer of a read is what the store says now; it arrives when the returned function is called. */
function holdAnswer({ store: { entries } }: CacheKit): () => void {
  const gate = deferred<void>();
  const read = entries.read.bind(entries);
  jest.spyOn(entries, 'read').mockImplementationOnce(async (...keys) => {
    const reply = await read(...keys);
    await gate.promise;
    return reply;
  });
  return () => gate.resolve();
}

describe('a read of the store', () => {
  it('is one for all who ask for the same at the same time; each has a copy', async () => {
    const { cache, store } = createCacheKit();
    await cache.set('k:1', { list: [1] });
    const before = store.countOf('read');
    const results = await Promise.all([1, 2, 3].map(() => cache.get<{ list: number[] }>('k:1')));
    expect(store.countOf('read') - before).toBe(1);
    results[0]?.list.push(2);
    expect(results).toEqual([{ list: [1, 2] }, { list: [1] }, { list: [1] }]);
  });

  it('is not shared by who names other groups', async () => {
    const { cache } = createCacheKit();
    await cache.set('k:1', 'v');
    expect(await Promise.all([cache.get('k:1'), cache.get('k:1', { tags: ['t'] })])).toEqual(['v', undefined]);
  });

  it.each([
    ['set', ({ cache }: CacheKit) => cache.set('k:1', 'new', { tags: ['t'] }), 'new'],
    ['deleted', ({ cache }: CacheKit) => cache.delete('k:1'), undefined],
    ['invalidated', ({ cache }: CacheKit) => cache.invalidate({ tag: 't' }), undefined],
  ])('is not shared by who asks after it was told that the entry was %s elsewhere', async (_how, change, expected) => {
    const [here, there] = createInstances();
    await here.cache.set('k:1', 'old', { tags: ['t'] });
    const answer = holdAnswer(here);
    const early = here.cache.get('k:1');
    await settle();
    await change(there);
    expect(await here.cache.get('k:1')).toBe(expected);
    answer();
    await early;
  });

  it('is not shared by who asks while an invalidation is on its way', async () => {
    const kit = createCacheKit();
    await kit.cache.set('k:1', 'old');
    const answer = holdAnswer(kit);
    const early = kit.cache.get('k:1');
    await settle();
    const arrive = kit.store.hold('delete');
    const invalidating = kit.cache.invalidate({ key: 'k:1' });
    const late = kit.cache.get('k:1');
    await settle();
    arrive();
    expect(await invalidating).toEqual({ acknowledged: true });
    answer();
    await early;
    expect(await late).toBeUndefined();
  });
});
