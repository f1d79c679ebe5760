import { describe, expect, it, jest } from '@jest/globals';
import type { EntryAddress } from '../../../src/core/entry.js';
import type { InvalidationTarget } from '../../../src/core/policy/cache-policy.js';
import type { Reply, StoreWrite } from '../../../src/core/ports/store.js';
import { WritesUnderWay } from '../../../src/core/writes-under-way.js';
import { FakeClock } from '../../../src/testing.js';
import { type CacheKit, createCacheKit, deferred, settle } from '../../support/cache-kit.js';

const KEY = 'k:1';
const BY_KEY_OR_PATTERN: [string, InvalidationTarget][] = [
  ['its key', { key: KEY }],
  ['a pattern', { pattern: 'k:*' }],
];
const TARGETS: [string, InvalidationTarget][] = [...BY_KEY_OR_PATTERN, ['a tag', { tag: 't' }]];
const POLICY = { tags: ['t'] } as const;

/** A kit whose versions exist already. */
async function warmKit() {
  const kit = createCacheKit();
  await kit.cache.set('k:0', 'the versions are there', POLICY);
  return kit;
}

describe('what is under way to the store when it is invalidated', () => {
  it.each(TARGETS)('is a set that was not sent yet: it is stopped, by %s', async (_by, target) => {
    const { cache, store } = await warmKit();
    const release = store.hold('getMany');
    const setting = cache.set(KEY, 'old', POLICY);
    await settle();
    expect(await cache.invalidate(target)).toEqual({ acknowledged: true });
    release();
    expect(await setting).toBe(false);
    expect(await cache.get(KEY, POLICY)).toBeUndefined();
  });

  it.each(TARGETS)('is a set that was sent: it is made unusable once it has arrived, by %s', async (_by, target) => {
    const { cache, store } = await warmKit();
    const release = store.hold('set');
    const setting = cache.set(KEY, 'old', POLICY);
    await settle();
    const invalidating = cache.invalidate(target);
    await settle();
    release();
    expect(await invalidating).toEqual({ acknowledged: true });
    expect(await setting).toBe(true);
    expect(await cache.get(KEY, POLICY)).toBeUndefined();
  });

  it.each(TARGETS)('is a result that was sent after its load: the same, by %s', async (_by, target) => {
    const { cache, store } = await warmKit();
    const release = store.hold('set');
    expect(await cache.getOrLoad(KEY, async () => 'old', POLICY)).toBe('old');
    const invalidating = cache.invalidate(target);
    await settle();
    release();
    expect(await invalidating).toEqual({ acknowledged: true });
    expect(await cache.get(KEY, POLICY)).toBeUndefined();
  });

  it.each(TARGETS)('is a result that waits for its versions: it is stopped, by %s', async (_by, target) => {
    const { cache, store } = createCacheKit();
    const release = store.hold('setIfAbsent');
    const loading = cache.getOrLoad(KEY, async () => 'old', POLICY);
    await settle();
    expect(await cache.invalidate(target)).toEqual({ acknowledged: true });
    release();
    expect(await loading).toBe('old');
    expect(store.countOf('set')).toBe(0);
  });

  it('is left alone by a pattern that it does not match', async () => {
    const { cache, store } = await warmKit();
    const release = store.hold('getMany');
    const setting = cache.set(KEY, 'kept');
    await settle();
    await cache.invalidate({ pattern: 'other:*' });
    release();
    expect(await setting).toBe(true);
    expect(await cache.get(KEY)).toBe('kept');
  });

  it.each(BY_KEY_OR_PATTERN)('may arrive after its deadline, and is unusable even then, by %s', async (_by, target) => {
    const { cache, store, clock } = await warmKit();
    const late: StoreWrite[] = [];
    jest.spyOn(store, 'set').mockImplementationOnce(async (write) => {
      late.push(write);
      return { ok: false, reason: 'timeout' };
    });
    await cache.getOrLoad(KEY, async () => 'old');
    await clock.advance(9_000);
    expect(await cache.invalidate(target)).toEqual({ acknowledged: true });
    await store.set(late[0] as StoreWrite);
    expect(await cache.get(KEY)).toBeUndefined();
  });

  it('costs the rest of its namespace nothing where the store refused it', async () => {
    const { cache, store } = await warmKit();
    store.fail('rejected', ['set']);
    await cache.set(KEY, 'old');
    store.fail(null);
    await cache.invalidate({ key: KEY });
    expect(await cache.get('k:0')).toBeDefined();
  });

  it('keeps an invalidation waiting no longer than one timeout, and what is not settled then is covered and repeated', async () => {
    const { cache, store, clock } = await warmKit();
    const release = store.hold('set');
    const setting = cache.set(KEY, 'old');
    await settle();
    const invalidating = cache.invalidate({ key: KEY });
    await clock.advance(100);
    expect(await invalidating).toEqual({ acknowledged: false });
    release();
    await settle();
    expect(await setting).toBe(false);
    expect(await cache.get(KEY)).toBeUndefined();
    await clock.advance(250);
    expect(await cache.set(KEY, 'new')).toBe(true);
    expect(await cache.get(KEY)).toBe('new');
  });

  it('stays covered where a repetition was confirmed before it arrived, and the deletion after it was not', async () => {
    const { cache, store } = await warmKit();
    const release = store.hold('set');
    const setting = cache.set(KEY, 'old');
    await settle();
    const invalidating = cache.invalidate({ key: KEY });
    store.fail(null);
    await settle();
    store.fail('rejected', ['delete']);
    release();
    expect(await invalidating).toEqual({ acknowledged: false });
    expect(await setting).toBe(true);
    expect(await cache.get(KEY)).toBeUndefined();
  });

  it('does not overwrite a value that is set later, over whichever connection it goes', async () => {
    const { cache, store } = await warmKit();
    const arrived = deferred<void>();
    const set = store.set.bind(store);
    jest.spyOn(store, 'set').mockImplementationOnce((write) => arrived.promise.then(() => set(write)));
    await cache.getOrLoad(KEY, async () => 'loaded');
    const setting = cache.set(KEY, 'set');
    await settle();
    arrived.resolve();
    expect(await setting).toBe(true);
    expect(await cache.get(KEY)).toBe('set');
  });
});

describe('set', () => {
  it('waits for the store no longer than its timeout, all steps together', async () => {
    const { cache, store, clock } = createCacheKit();
    const slowly = <A extends unknown[], T>(work: (...args: A) => Promise<Reply<T>>) => {
      return async (...args: A): Promise<Reply<T>> => {
        await new Promise<void>((resolve) => clock.after(80, resolve));
        return work(...args);
      };
    };
    jest.spyOn(store, 'getMany').mockImplementation(slowly(store.getMany.bind(store)));
    jest.spyOn(store, 'setIfAbsent').mockImplementation(slowly(store.setIfAbsent.bind(store)));
    let stored: boolean | undefined;
    void cache.set(KEY, 'v').then((isStored) => (stored = isStored));
    await clock.advance(99);
    expect(stored).toBeUndefined();
    await clock.advance(1);
    expect(stored).toBe(false);
  });
});

describe('a write that got no answer', () => {
  /** The next write is lost on its way, and arrives when the test says. */
  function loseNextSet({ store }: CacheKit): () => Promise<unknown> {
    const lost: StoreWrite[] = [];
    jest.spyOn(store, 'set').mockImplementationOnce((write) => {
      lost.push(write);
      return Promise.resolve({ ok: false, reason: 'timeout' });
    });
    return () => store.set(lost[0] as StoreWrite);
  }

  it('does not overwrite a later one that was confirmed, when it arrives', async () => {
    const kit = await warmKit();
    const arrive = loseNextSet(kit);
    expect(await kit.cache.set(KEY, 'first')).toBe(false);
    expect(await kit.cache.set(KEY, 'second')).toBe(true);
    await arrive();
    expect(await kit.cache.get(KEY)).not.toBe('first');
  });

  it('stops the later one where nothing confirms that the first can do no harm', async () => {
    const kit = await warmKit();
    loseNextSet(kit);
    expect(await kit.cache.set(KEY, 'first')).toBe(false);
    kit.store.fail('timeout', ['setManyOnce']);
    expect(await kit.cache.set(KEY, 'second')).toBe(false);
  });

  it('costs its namespace one version, however often its key is deleted', async () => {
    const kit = await warmKit();
    loseNextSet(kit);
    await kit.cache.getOrLoad(KEY, async () => 'x');
    await kit.cache.delete(KEY);
    await kit.cache.set('k:0', 'kept');
    await kit.cache.delete(KEY);
    expect(await kit.cache.get('k:0')).toBe('kept');
    expect(kit.store.countOf('setManyOnce')).toBe(1);
  });

  it('is in doubt as well where it was confirmed only when it was sent again', async () => {
    const kit = await warmKit();
    const lost: StoreWrite[] = [];
    const store = kit.store.set.bind(kit.store);
    jest.spyOn(kit.store, 'set').mockImplementationOnce(async (write) => {
      lost.push(write);
      return { ...(await store(write)), mayComeAgain: true };
    });
    expect(await kit.cache.set(KEY, 'old')).toBe(true);
    expect(await kit.cache.invalidate({ key: KEY })).toEqual({ acknowledged: true });
    await kit.store.set(lost[0] as StoreWrite);
    expect(await kit.cache.get(KEY)).toBeUndefined();
  });
});

describe('very many writes under way', () => {
  it('are not looked through for one key', () => {
    let looks = 0;
    const addressOf = (storageKey: string): EntryAddress => {
      const address = { key: storageKey, storageKey, category: 'k', groups: [] };
      return new Proxy(address, { get: (target, name) => (looks++, Reflect.get(target, name) as unknown) });
    };
    const underWay = new WritesUnderWay(new FakeClock());
    const others = Array.from({ length: 1_000 }, (_, n) => underWay.begin(addressOf(`k:other:${n}`)));
    const own = underWay.begin(addressOf(KEY));
    looks = 0;
    underWay.overtakeKeys([KEY]);
    expect([own.isOvertaken, others.some(({ isOvertaken }) => isOvertaken)]).toEqual([true, false]);
    expect(looks).toBeLessThan(10);
    underWay.overtake(({ storageKey }) => storageKey === KEY);
    expect(looks).toBeGreaterThan(1_000);
  });
});
