import { describe, expect, it } from '@jest/globals';
import type { CachePolicy } from '../../../src/core/policy/cache-policy.js';
import { createCacheKit, createInstances, deferred, settle, type CacheKit } from '../../support/cache-kit.js';

const EAGER = { ttl: '100s', eagerRefreshRatio: 0.8 } as const satisfies CachePolicy;

/** Loads `k:1` as often as it is called. */
function counting(kit: CacheKit, policy: CachePolicy<string>) {
  const self = { loads: 0, get: () => kit.cache.getOrLoad('k:1', async () => `v${++self.loads}`, policy) };
  return self;
}

describe('an eager refresh', () => {
  it('loads anew in the background past its share of the time to live, and not before', async () => {
    const kit = createCacheKit();
    const k = counting(kit, EAGER);
    await k.get();
    await kit.clock.advance(79_999);
    expect([await k.get(), k.loads]).toEqual(['v1', 1]);
    await kit.clock.advance(1);
    expect(await k.get()).toBe('v1');
    await kit.clock.advance(0);
    expect(k.loads).toBe(2);
    await kit.clock.advance(30_000);
    expect([await k.get(), k.loads]).toEqual(['v2', 2]);
    expect(kit.names()).toEqual(['miss', 'load', 'set', 'hit', 'hit', 'load', 'set', 'hit']);
  });

  it('is one for all who are served meanwhile, also in other instances', async () => {
    const [here, there] = createInstances();
    await here.cache.set('k:1', 'old', EAGER);
    await here.clock.advance(90_000);
    const gate = deferred<string>();
    let loads = 0;
    const serve = () => [here, there].map(({ cache }) => cache.getOrLoad('k:1', () => (loads++, gate.promise), EAGER));
    for (let n = 0; n < 3; n++) {
      expect(await Promise.all(serve())).toEqual(['old', 'old']);
      await settle();
    }
    gate.resolve('new');
    await settle();
    expect([await there.cache.get('k:1'), loads]).toEqual(['new', 1]);
  });

  it('of a batch is one load', async () => {
    const kit = createCacheKit();
    const keys = ['k:1', 'k:2', 'k:3'];
    const asked: string[][] = [];
    const load = () =>
      kit.cache.getOrLoadMany(keys, async (missing: string[]) => (asked.push(missing), missing), EAGER);
    await load();
    await kit.clock.advance(90_000);
    await kit.cache.set('k:2', 'k:2', EAGER);
    expect(await load()).toEqual(keys);
    await kit.clock.advance(0);
    expect(asked).toEqual([keys, ['k:1', 'k:3']]);
  });

  it('that another instance is ahead of leaves those to it who have come to wait', async () => {
    const [here, there] = createInstances();
    await here.cache.set('k:1', 'old', EAGER);
    await here.clock.advance(99_999);
    const gate = deferred<string>();
    await here.cache.getOrLoad('k:1', () => gate.promise, EAGER);
    await settle();
    const release = there.store.hold('lease');
    let loads = 0;
    const get = () => there.cache.getOrLoad('k:1', async () => `own ${++loads}`, EAGER);
    expect(await get()).toBe('old');
    await settle();
    await there.clock.advance(1);
    const waiting = [get(), get(), get()];
    await settle();
    release();
    await settle();
    gate.resolve('new');
    await there.clock.advance(60);
    expect([await Promise.all(waiting), loads]).toEqual([['new', 'new', 'new'], 0]);
  });

  it('that fails is nobody else`s failure, and is not repeated for a second', async () => {
    const kit = createCacheKit();
    await kit.cache.set('k:1', 'old', EAGER);
    await kit.clock.advance(90_000);
    let loads = 0;
    const get = () => kit.cache.getOrLoad('k:1', () => (loads++, Promise.reject(new Error('down'))), EAGER);
    for (const expected of [1, 1, 1]) {
      expect(await get()).toBe('old');
      await kit.clock.advance(400);
      expect(loads).toBe(expected);
    }
    expect(await get()).toBe('old');
    await kit.clock.advance(0);
    expect(loads).toBe(2);
    expect(kit.names().filter((name) => name === 'load')).toHaveLength(2);
  });

  it.each([
    ['does not store', { noStore: true }],
    ['may not load', { onlyIfCached: true }],
  ])('does not begin for a caller who %s', async (_who, control) => {
    const kit = createCacheKit();
    const k = counting(kit, { ...EAGER, control });
    await kit.cache.set('k:1', 'old', EAGER);
    await kit.clock.advance(90_000);
    expect(await k.get()).toBe('old');
    await kit.clock.advance(0);
    expect(k.loads).toBe(0);
  });

  it('brings nothing back that was deleted or set meanwhile', async () => {
    const kit = createCacheKit();
    const gate = deferred<string>();
    const get = () => kit.cache.getOrLoad('k:1', () => gate.promise, EAGER);
    await kit.cache.set('k:1', 'old', EAGER);
    await kit.clock.advance(90_000);
    await get();
    await settle();
    await kit.cache.set('k:1', 'set', EAGER);
    gate.resolve('refreshed');
    await settle();
    expect(await kit.cache.get('k:1')).toBe('set');
    expect(kit.names()).toContain('overtaken');
  });

  it('does not begin where the store holds something newer than memory was told of', async () => {
    const [here, there] = createInstances();
    const k = counting(here, EAGER);
    await here.cache.set('k:1', 'old', EAGER);
    await here.cache.get('k:1');
    await here.clock.advance(90_000);
    here.store.changes.hold();
    await there.cache.set('k:1', 'newer', EAGER);
    expect(await k.get()).toBe('old');
    await here.clock.advance(0);
    expect(k.loads).toBe(0);
  });

  it('is waited for by who comes after the entry has expired', async () => {
    const kit = createCacheKit();
    const gate = deferred<string>();
    let loads = 0;
    const get = () => kit.cache.getOrLoad('k:1', () => (loads++, gate.promise), EAGER);
    await kit.cache.set('k:1', 'old', EAGER);
    await kit.clock.advance(90_000);
    expect(await get()).toBe('old');
    await kit.clock.advance(20_000);
    const late = get();
    await settle();
    gate.resolve('new');
    expect([await late, loads]).toEqual(['new', 1]);
  });
});

describe('an early expiry by chance', () => {
  it.each([
    ['near the end', 99_000, 0.9, true],
    ['near the end, with luck', 99_000, 0.1, false],
    ['long before it', 50_000, 0.999, false],
  ])(
    'refreshes the more likely the nearer the end is and the longer the load takes: %s',
    async (_when, ageMs, random, isDue) => {
      const kit = createCacheKit({}, undefined, () => random);
      const policy = { ttl: '100s', earlyExpiryBeta: 1 } as const;
      let loads = 0;
      const get = () =>
        kit.cache.getOrLoad(
          'k:1',
          () => new Promise<number>((done) => void kit.clock.after(1_000, () => done(++loads))),
          policy,
        );
      const first = get();
      await kit.clock.advance(1_000);
      await first;
      await kit.clock.advance(ageMs);
      expect(await get()).toBe(1);
      await kit.clock.advance(1_000);
      expect(loads).toBe(isDue ? 2 : 1);
    },
  );
});

describe('the time to live', () => {
  it.each([
    [0, 100],
    [0.5, 90],
    [1, 80],
  ])('is shortened by a random share of the jitter: %d of it', async (random, seconds) => {
    const kit = createCacheKit({}, undefined, () => random);
    const k = counting(kit, { ttl: '100s', jitterRatio: 0.2 });
    await k.get();
    await kit.clock.advance(seconds * 1_000 - 1);
    expect(await kit.cache.get('k:1')).toBe('v1');
    await kit.clock.advance(1);
    expect(await kit.cache.get('k:1')).toBeUndefined();
  });

  it('of null is its own, unless the loader says otherwise', async () => {
    const kit = createCacheKit();
    const policy = { ttl: '1h', negativeTtl: '10s' } as const;
    await kit.cache.getOrLoad('k:1', async () => null, policy);
    await kit.cache.getOrLoad('k:2', async (load) => (load.ttl('1m'), null), policy);
    await kit.cache.getOrLoad<unknown>('k:3', async () => undefined, policy);
    await kit.clock.advance(9_999);
    expect(await kit.cache.getMany(['k:1', 'k:2', 'k:3'])).toEqual([null, null, undefined]);
    await kit.clock.advance(1);
    expect(await kit.cache.getMany(['k:1', 'k:2'])).toEqual([undefined, null]);
  });

  it('of null may be no time: it is passed through, to all who wait', async () => {
    const kit = createCacheKit();
    const gate = deferred<null>();
    const get = () => kit.cache.getOrLoad('k:1', () => gate.promise, { negativeTtl: '0s' });
    const both = [get(), get()];
    await settle();
    gate.resolve(null);
    expect(await Promise.all(both)).toEqual([null, null]);
    expect(await kit.cache.get('k:1')).toBeUndefined();
    expect(kit.events).toContainEqual({
      name: 'refused',
      event: { category: 'k', reason: 'its negativeTtl is 0', isIntended: true },
    });
  });
});
