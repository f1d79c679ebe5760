import { describe, expect, it } from '@jest/globals';
import { CacheControl } from '../../../src/composition/cache-control.js';
import { type CacheKit, createCacheKit, createInstances, deferred, settle } from '../../support/cache-kit.js';

describe('set', () => {
  it('is the value of the last of several at once, in one instance and in two', async () => {
    const [here, there] = createInstances();
    expect(await Promise.all([here.cache.set('k:1', 1), here.cache.set('k:1', 2)])).toEqual([false, true]);
    expect(await there.cache.get('k:1')).toBe(2);
    const arrive = here.store.hold('publish');
    const early = here.cache.set('k:1', 'early');
    await settle();
    expect(await there.cache.set('k:1', 'late')).toBe(true);
    arrive();
    expect(await early).toBe(false);
    expect(await here.cache.get('k:1')).toBe('late');
    expect(here.names()).toContain('overtaken');
  });

  it.each([{ key: 'k:1' }, { tag: 't' }, { pattern: 'k:*' }])(
    'is not what is served after it was overtaken by an invalidation here: by %p',
    async (target) => {
      const { cache, store } = createCacheKit();
      const read = store.hold('read');
      const setting = cache.set('k:1', 'old', { tags: ['t'] });
      await settle();
      await cache.invalidate(target);
      read();
      expect(await setting).toBe(false);
      expect(await cache.get('k:1', { tags: ['t'] })).toBeUndefined();
    },
  );

  it('stores what the value was at the moment of the call', async () => {
    const { cache, store } = createCacheKit();
    const read = store.hold('read');
    const value = { list: [1] };
    const setting = cache.set('k:1', value);
    value.list.push(2);
    read();
    expect(await setting).toBe(true);
    expect(await cache.get('k:1')).toEqual({ list: [1] });
  });

  it('is false where the store hangs, in time, and the value is not stored later over something newer', async () => {
    const [here, there] = createInstances();
    const arrive = here.store.hold('publish');
    let isStored: boolean | undefined;
    void here.cache.set('k:1', 'old').then((stored) => (isStored = stored));
    await here.clock.advance(100);
    expect(isStored).toBe(false);
    await there.cache.set('k:1', 'new');
    arrive();
    await settle();
    expect(await here.cache.get('k:1')).toBe('new');
  });

  it('of many takes the last value of a key that stands twice, in one round trip each', async () => {
    const { cache, store, names } = createCacheKit();
    await cache.set('k:0', 'the version is there');
    const before = store.calls.length;
    const isStored = await cache.setMany([
      ['k:1', 'first'],
      ['k:2', 'other'],
      ['k:1', 'last'],
    ]);
    expect(isStored).toBe(true);
    expect(store.calls.slice(before).map(({ operation }) => operation)).toEqual(['read', 'lease', 'publish']);
    expect(await cache.getMany(['k:1', 'k:2'])).toEqual(['last', 'other']);
    expect(names().filter((name) => name === 'set')).toHaveLength(3);
  });

  it('does not wait for a load under way in another instance, and is what that one then serves', async () => {
    const [here, there] = createInstances();
    const gate = deferred<string>();
    const loading = there.cache.getOrLoad('k:1', () => gate.promise);
    await settle();
    expect(await here.cache.set('k:1', 'set')).toBe(true);
    expect(await there.cache.getOrLoad('k:1', async () => 'a second load')).toBe('set');
    gate.resolve('loaded');
    expect(await loading).toBe('loaded');
    expect(await there.cache.get('k:1')).toBe('set');
  });

  it('is joined by nobody to a load that began before it, from the call on, also while the store is away', async () => {
    const { cache, store } = createCacheKit();
    store.fail('disconnected');
    const gate = deferred<string>();
    const early = cache.getOrLoad('k:1', () => gate.promise);
    await settle();
    expect(await cache.set('k:1', 'set')).toBe(false);
    const late = cache.getOrLoad('k:1', async () => 'new');
    await settle();
    gate.resolve('old');
    expect([await early, await late]).toEqual(['old', 'new']);
  });

  it('keeps nothing held that could not be stored, so that the next load need not wait', async () => {
    const [here, there] = createInstances();
    expect(await here.cache.set('k:1', () => 1)).toBe(false);
    expect(await there.cache.getOrLoad('k:1', async () => 'loaded')).toBe('loaded');
    expect(here.names()).toEqual(['refused']);
  });
});

describe('writeThrough', () => {
  it('writes to the source first, then to the cache, and answers what the source answers', async () => {
    const { cache, store, names } = createCacheKit();
    await cache.set('k:1', 'old');
    const seen: unknown[] = [];
    const answer = await cache.writeThrough('k:1', 'new', async (value) => {
      seen.push(value, await cache.get('k:1'), store.countOf('publish'));
      return 7;
    });
    expect([answer, seen]).toEqual([7, ['new', undefined, 1]]);
    expect(await cache.get('k:1')).toBe('new');
    expect(names().at(-1)).toBe('hit');
  });

  it('keeps nothing where the source refuses, whose error it rejects with', async () => {
    const { cache, store } = createCacheKit();
    await cache.set('k:1', 'old');
    const error = new Error('constraint');
    const before = store.countOf('delete');
    await expect(cache.writeThrough('k:1', 'new', () => Promise.reject(error))).rejects.toBe(error);
    expect(store.countOf('delete')).toBe(before + 2);
    expect(await cache.get('k:1')).toBeUndefined();
    const synchronous = cache.writeThrough('k:1', 'new', () => {
      throw error;
    });
    await expect(synchronous).rejects.toBe(error);
  });

  it.each(['before it', 'while it persists'])(
    'is never followed by what was loaded %s, here or elsewhere',
    async (when) => {
      const [here, there] = createInstances();
      const [persisted, ...gates] = [deferred<void>(), deferred<string>(), deferred<string>()];
      const load = () =>
        [here, there].map(({ cache }, index) =>
          cache.getOrLoad('k:1', () => gates[index]?.promise ?? Promise.reject(new Error())),
        );
      const early = when === 'before it' ? load() : [];
      await settle();
      const writing = here.cache.writeThrough('k:1', 'new', () => persisted.promise);
      await settle();
      const during = when === 'before it' ? early : load();
      await settle();
      persisted.resolve();
      await writing;
      for (const gate of gates) gate.resolve('old');
      await here.clock.advance(50);
      await Promise.all(during);
      for (const { cache } of [here, there]) {
        expect(await cache.get('k:1')).toBe('new');
        expect(await cache.getOrLoad('k:1', async () => 'loaded')).toBe('new');
      }
    },
  );

  describe.each([
    ['here', 0],
    ['elsewhere', 1],
  ])('whose source was written, and whose entry is made unusable %s before that is known', (_where, by) => {
    it.each<[string, (kit: CacheKit) => Promise<unknown>]>([
      ['by key', ({ cache }) => cache.invalidate({ key: 'k:1' })],
      ['by pattern', ({ cache }) => cache.invalidate({ pattern: 'k:*' })],
      ['by tag', ({ cache }) => cache.invalidate({ tag: 't' })],
      ['by namespace', ({ cache }) => cache.invalidate({ namespace: 'k' })],
      ['by a delete', ({ cache }) => cache.delete('k:1')],
      ['by a stranger', ({ store }) => store.delete(['agent-cache:k:1'])],
    ])('keeps nothing: %s', async (_how, change) => {
      const instances = createInstances();
      const [here, there] = instances;
      const policy = { tags: ['t'] };
      const persisted = deferred<void>();
      const writing = here.cache.writeThrough('k:1', 'overtaken', () => persisted.promise, policy);
      await settle();
      // Somebody else has written something newer.
      await change(instances[by] as CacheKit);
      persisted.resolve();
      await writing;
      await here.clock.advance(50);
      for (const { cache } of [here, there]) expect(await cache.get('k:1', policy)).toBeUndefined();
    });
  });

  it('of two at once keeps neither, since nobody knows which is newer', async () => {
    const [here, there] = createInstances();
    const [first, second] = [deferred<void>(), deferred<void>()];
    const writing = [
      here.cache.writeThrough('k:1', 'first', () => first.promise),
      there.cache.writeThrough('k:1', 'second', () => second.promise),
    ];
    await settle();
    second.resolve();
    await writing[1];
    first.resolve();
    await writing[0];
    for (const { cache } of [here, there]) expect(await cache.get('k:1')).toBeUndefined();
  });

  it('keeps nobody waiting who loads meanwhile, not even the source itself, and nobody joins such a load later', async () => {
    const instances = createInstances();
    const [here, there] = instances;
    const [asked, persisted, gate] = [deferred<unknown[]>(), deferred<void>(), deferred<string>()];
    const writing = here.cache.writeThrough('k:1', 'new', async () => {
      asked.resolve(await Promise.all(instances.map(({ cache }) => cache.getOrLoad('k:1', async () => 'old'))));
      await persisted.promise;
    });
    expect(await asked.promise).toEqual(['old', 'old', 'old']);
    const slow = there.cache.getOrLoad('k:1', () => gate.promise);
    const joining = there.cache.getOrLoad('k:1', () => Promise.reject(new Error('a second load')));
    await settle();
    persisted.resolve();
    await writing;
    await here.cache.delete('k:1');
    const later = there.cache.getOrLoad('k:1', async () => 'newest');
    await settle();
    gate.resolve('old');
    expect(await Promise.all([slow, joining, later])).toEqual(['old', 'old', 'newest']);
  });

  it('reserves the key for half a minute at most, for a source that does not answer', async () => {
    const [here, there] = createInstances();
    const persisted = deferred<void>();
    const writing = here.cache.writeThrough('k:1', 'new', () => persisted.promise);
    await settle();
    await here.clock.advance(29_000);
    await there.cache.getOrLoad('k:1', async () => 'old');
    await here.clock.advance(50);
    expect(await there.cache.get('k:1')).toBeUndefined();
    await here.clock.advance(1_000);
    await there.cache.getOrLoad('k:1', async () => 'old');
    await here.clock.advance(50);
    expect(await there.cache.get('k:1')).toBe('old');
    persisted.resolve();
    await writing;
    expect(await there.cache.get('k:1')).toBeUndefined();
  });

  it('lets nobody join, after it, what was loaded before', async () => {
    const { cache } = createCacheKit();
    const gate = deferred<string>();
    const early = cache.getOrLoad('k:1', () => gate.promise);
    await settle();
    await cache.writeThrough(
      'k:1',
      () => 'cannot be stored',
      async () => undefined,
    );
    const late = cache.getOrLoad('k:1', async () => 'new');
    await settle();
    gate.resolve('old');
    expect([await early, await late]).toEqual(['old', 'new']);
  });

  it('keeps nothing where the value cannot be stored', async () => {
    const [here, there] = createInstances();
    await here.cache.set('k:1', 'old');
    await here.cache.writeThrough<unknown, void>(
      'k:1',
      () => 1,
      async () => undefined,
    );
    expect(await there.cache.get('k:1')).toBeUndefined();
    expect(here.names()).toContain('refused');
  });

  it('serves nothing old here while the store is away, waits one timeout in all, and makes up for it', async () => {
    const [here, there] = createInstances();
    await here.cache.set('k:1', 'old');
    await here.cache.get('k:1');
    here.store.fail('timeout');
    expect(await here.cache.writeThrough('k:1', 'new', async () => 'ok')).toBe('ok');
    expect(await here.cache.get('k:1')).toBeUndefined();
    expect(await there.cache.get('k:1')).toBe('old');
    here.store.fail(null);
    await settle();
    expect(await there.cache.get('k:1')).toBeUndefined();
    const release = here.store.hold('delete');
    let isDone = false;
    void here.cache.writeThrough('k:1', 'new', async () => 'ok').then(() => (isDone = true));
    await here.clock.advance(99);
    expect(isDone).toBe(false);
    await here.clock.advance(1);
    expect(isDone).toBe(true);
    release();
  });

  it.each([
    ['goes past the cache', { control: { bypass: true } }, {}],
    ['names a tag whose dependencies are not known', { tags: ['t'] }, { cascade: { tag: () => null as never } }],
  ])('leaves nothing old behind for others when its caller %s', async (_why, policy, options) => {
    const { cache } = createCacheKit(options);
    await cache.set('k:1', 'old');
    await cache.writeThrough('k:1', 'new', async () => undefined, policy);
    expect(await cache.get('k:1')).toBeUndefined();
  });

  it('only writes to the source once the cache is closed', async () => {
    const { cache, store, events } = createCacheKit();
    await cache.close();
    expect(await cache.writeThrough('k:1', 'new', async () => 'ok')).toBe('ok');
    expect(store.calls).toEqual([]);
    expect(events).toEqual([{ name: 'bypass', event: { category: 'k', reason: 'closed' } }]);
  });
});

describe('delete', () => {
  it('deletes also for a caller who goes past the cache', async () => {
    const { cache } = createCacheKit();
    await cache.set('k:1', 'old');
    expect(await CacheControl.run({ bypass: true }, () => cache.delete('k:1'))).toBe(true);
    expect(await cache.get('k:1')).toBeUndefined();
  });
});
