import { describe, expect, it } from '@jest/globals';
import { createCacheKit, createInstances, deferred, settle } from '../../support/cache-kit.js';

/** A load that can be watched: whether it began, was aborted, and what it comes to. */
function watched() {
  const gate = deferred<string>();
  const self = {
    loads: 0,
    signals: [] as AbortSignal[],
    end: gate.resolve,
    load: ({ signal }: { readonly signal: AbortSignal }) => {
      self.loads++;
      self.signals.push(signal);
      return gate.promise;
    },
  };
  return self;
}
const gone = new Error('gone');

describe('a caller`s signal', () => {
  it('ends its own waiting at once; the load goes on for the others', async () => {
    const { cache, names } = createCacheKit();
    const own = watched();
    const [first, second] = [new AbortController(), new AbortController()];
    const leader = cache.getOrLoad('k:1', own.load, { signal: first.signal });
    const joined = cache.getOrLoad('k:1', own.load, { signal: second.signal });
    const patient = cache.getOrLoad('k:1', own.load);
    await settle();
    first.abort(gone);
    await expect(leader).rejects.toBe(gone);
    second.abort(gone);
    await expect(joined).rejects.toBe(gone);
    expect(own.signals.map(({ aborted }) => aborted)).toEqual([false]);
    own.end('v');
    expect(await patient).toBe('v');
    await settle();
    expect(await cache.get('k:1')).toBe('v');
    expect(names()).toEqual(['miss', 'miss', 'miss', 'load', 'set', 'hit']);
  });

  it('aborts the load when all have left; the next caller loads anew, here and elsewhere, at once', async () => {
    const [here, there] = createInstances();
    const own = watched();
    const controllers = [new AbortController(), new AbortController()];
    const waiting = controllers.map(({ signal }) => here.cache.getOrLoad('k:1', own.load, { signal }));
    await settle();
    for (const controller of controllers) controller.abort(gone);
    for (const each of waiting) await expect(each).rejects.toBe(gone);
    expect(own.signals.map(({ aborted }) => aborted)).toEqual([true]);
    await settle();
    expect(await there.cache.getOrLoad('k:1', async () => 'theirs')).toBe('theirs');
    own.end('given up');
    await settle();
    expect(await here.cache.getOrLoad('k:1', async () => 'anew')).toBe('theirs');
    expect(own.loads).toBe(1);
    expect(here.names()).toEqual(['miss', 'miss', 'load', 'overtaken', 'hit']);
  });

  it('that is aborted already rejects before anything is asked', async () => {
    const { cache, store, events } = createCacheKit();
    const own = watched();
    await expect(cache.getOrLoad('k:1', own.load, { signal: AbortSignal.abort(gone) })).rejects.toBe(gone);
    expect([own.loads, store.calls, events]).toEqual([0, [], []]);
    await cache.set('k:1', 'held');
    await cache.get('k:1');
    await expect(cache.getOrLoad('k:1', own.load, { signal: AbortSignal.abort(gone) })).rejects.toBe(gone);
  });

  it.each(['read', 'ensureVersions', 'lease'] as const)(
    'that is aborted during the %s before the load lets no load begin, and leaves no lease behind',
    async (operation) => {
      const [here, there] = createInstances();
      const own = watched();
      const release = here.store.hold(operation);
      const controller = new AbortController();
      const loading = here.cache.getOrLoad('k:1', own.load, { signal: controller.signal });
      await settle();
      controller.abort(gone);
      await expect(loading).rejects.toBe(gone);
      release();
      await settle();
      expect(own.loads).toBe(0);
      expect(await there.cache.getOrLoad('k:1', async () => 'theirs')).toBe('theirs');
    },
  );

  it('is not listened to any more once the call has ended', async () => {
    const { cache } = createCacheKit();
    const own = watched();
    const controller = new AbortController();
    own.end('v');
    await cache.getOrLoad('k:1', own.load, { signal: controller.signal });
    controller.abort();
    expect(own.signals[0]?.aborted).toBe(false);
    await settle();
    expect(await cache.get('k:1')).toBe('v');
  });

  it('lets a load go on in the background for which something stale was served', async () => {
    const { cache, clock } = createCacheKit();
    const policy = { ttl: '10s', grace: '1m', softTimeout: '0s' } as const;
    await cache.set('k:1', 'old', policy);
    await clock.advance(20_000);
    const own = watched();
    const controller = new AbortController();
    expect(await cache.getOrLoad('k:1', own.load, { ...policy, signal: controller.signal })).toBe('old');
    await settle();
    controller.abort();
    expect(own.signals[0]?.aborted).toBe(false);
    own.end('new');
    await settle();
    expect(await cache.get('k:1')).toBe('new');
  });

  it('of a batch aborts only what nobody else waits for', async () => {
    const { cache } = createCacheKit();
    const [batch, single] = [watched(), watched()];
    const controller = new AbortController();
    const one = cache.getOrLoad('k:1', single.load);
    await settle();
    const many = cache.getOrLoadMany(
      ['k:1', 'k:2'],
      async (missing, load) => missing.map(await batch.load(load).then(() => (key: string) => key)),
      { signal: controller.signal },
    );
    await settle();
    controller.abort(gone);
    await expect(many).rejects.toBe(gone);
    expect([single.signals[0]?.aborted, batch.signals[0]?.aborted]).toEqual([false, true]);
    single.end('v');
    expect(await one).toBe('v');
  });
});

describe.each([
  ['goes past the cache', { control: { bypass: true } }, {}],
  ['asks a disabled cache', {}, { enabled: false }],
])('a caller who %s', (_who, policy, options) => {
  it('stops waiting when its signal is aborted, which the loader hears of', async () => {
    const { cache } = createCacheKit(options);
    const own = watched();
    const controller = new AbortController();
    const loading = cache.getOrLoad('k:1', own.load, { ...policy, signal: controller.signal });
    await settle();
    controller.abort(gone);
    await expect(loading).rejects.toBe(gone);
    expect(own.signals[0]?.aborted).toBe(true);
    await expect(cache.getOrLoad('k:1', own.load, { ...policy, signal: controller.signal })).rejects.toBe(gone);
    expect(own.loads).toBe(1);
  });
});

describe('what a caller has loaded before it leaves', () => {
  it('is stored, though it still waited for another part of its batch', async () => {
    const [here, there] = createInstances();
    void there.cache.getOrLoad('k:2', watched().load);
    await settle();
    const arrive = here.store.hold('publish');
    const controller = new AbortController();
    const batch = here.cache.getOrLoadMany(['k:1', 'k:2'], async (keys: string[]) => keys, {
      signal: controller.signal,
    });
    await settle();
    controller.abort(gone);
    await expect(batch).rejects.toBe(gone);
    arrive();
    await settle();
    expect(await there.cache.get('k:1')).toBe('k:1');
  });
});

describe('a load that hangs', () => {
  it('is aborted when all have waited as long as they would, and each goes on by its own load', async () => {
    const { cache, clock } = createCacheKit();
    const own = watched();
    const controller = new AbortController();
    const policy = { hardTimeout: '1s' } as const;
    const leader = cache.getOrLoad('k:1', own.load, { ...policy, signal: controller.signal });
    await settle();
    const joined = cache.getOrLoad('k:1', async () => 'my own', policy);
    await settle();
    controller.abort(gone);
    await expect(leader).rejects.toBe(gone);
    await clock.advance(999);
    expect(own.signals[0]?.aborted).toBe(false);
    await clock.advance(1);
    expect(own.signals[0]?.aborted).toBe(true);
    expect(await joined).toBe('my own');
    expect(await cache.get('k:1')).toBe('my own');
  });

  it('and was given up does not keep an entry from being refreshed', async () => {
    const { cache, clock } = createCacheKit();
    const policy = { ttl: '100s', eagerRefreshRatio: 0.5 } as const;
    const controller = new AbortController();
    const given = cache.getOrLoad('k:1', watched().load, { ...policy, signal: controller.signal });
    await settle();
    controller.abort(gone);
    await expect(given).rejects.toBe(gone);
    await cache.set('k:1', 'old', policy);
    await clock.advance(60_000);
    expect(await cache.getOrLoad('k:1', async () => 'new', policy)).toBe('old');
    await clock.advance(0);
    expect(await cache.get('k:1')).toBe('new');
  });
});
