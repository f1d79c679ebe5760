import { describe, expect, it } from '@jest/globals';
import { CacheArgumentError } from '../../../src/core/errors.js';
import { createCacheKit, deferred, settle } from '../../support/cache-kit.js';

describe('getOrLoad', () => {
  it('loads once and serves what was loaded', async () => {
    const { cache, names } = createCacheKit();
    let loads = 0;
    const load = () => cache.getOrLoad('report:1', async () => ({ n: ++loads }));
    expect([await load(), await load()]).toEqual([{ n: 1 }, { n: 1 }]);
    expect(names()).toEqual(['miss', 'load', 'set', 'hit']);
  });

  it.each([null, 0, '', false, {}, [], Number.NaN, -0])('takes %p for a value, not for a miss', async (value) => {
    const { cache } = createCacheKit();
    let loads = 0;
    const load = () => cache.getOrLoad<unknown>('falsy:1', async () => (loads++, value));
    await load();
    expect(await load()).toStrictEqual(value);
    expect(loads).toBe(1);
  });

  it('never stores undefined', async () => {
    const { cache, names } = createCacheKit();
    let loads = 0;
    const load = () => cache.getOrLoad('u:1', async () => void loads++);
    expect([await load(), await load()]).toEqual([undefined, undefined]);
    expect(loads).toBe(2);
    expect(names()).toContain('refused');
  });

  it('passes a value through that would not come back equal, counts it and stores nothing', async () => {
    class Money {
      constructor(readonly cents: number) {}
    }
    const { cache, store, names } = createCacheKit();
    const money = new Money(5);
    expect(await cache.getOrLoad('price:1', async () => money)).toBe(money);
    expect(store.countOf('publish')).toBe(0);
    expect(names()).toEqual(['miss', 'load', 'refused']);
    expect(cache.outcomeOf(money)).toMatchObject({ status: 'refused', key: 'price:1' });
  });

  it('gives the first caller what the loader returned, and every other one a copy', async () => {
    const { cache } = createCacheKit();
    const original = { list: [1] };
    const gate = deferred<void>();
    const load = () => cache.getOrLoad('copy:1', () => gate.promise.then(() => original));
    const [first, second] = [load(), load()];
    await settle();
    gate.resolve();
    const results = [await first, await second, await load()];
    expect(results[0]).toBe(original);
    results[0]?.list.push(99);
    results[1]?.list.push(98);
    expect(results).toEqual([{ list: [1, 99] }, { list: [1, 98] }, { list: [1] }]);
    expect(await load()).toEqual({ list: [1] });
  });

  it('is not changed by what the caller does to the result right after it was loaded', async () => {
    const { cache } = createCacheKit();
    (await cache.getOrLoad('copy:2', async () => ({ n: 1 }))).n = 2;
    expect(await cache.get('copy:2')).toEqual({ n: 1 });
  });

  it('runs one load for 1,000 callers', async () => {
    const { cache } = createCacheKit();
    let loads = 0;
    const gate = deferred<void>();
    const callers = Array.from({ length: 1000 }, () =>
      cache.getOrLoad('cold:1', () => (loads++, gate.promise.then(() => 'v'))),
    );
    await settle();
    gate.resolve();
    expect(new Set(await Promise.all(callers))).toEqual(new Set(['v']));
    expect(loads).toBe(1);
  });

  it('lets a caller join that comes while the load is under way', async () => {
    const { cache } = createCacheKit();
    let loads = 0;
    const gate = deferred<void>();
    const load = () => cache.getOrLoad('late:1', () => (loads++, gate.promise.then(() => 'v')));
    const first = load();
    await settle();
    const second = load();
    await settle();
    gate.resolve();
    expect([await first, await second, loads]).toEqual(['v', 'v', 1]);
  });

  it('loads for each caller on its own when the result cannot be copied', async () => {
    const { cache } = createCacheKit();
    const gate = deferred<void>();
    const load = () => cache.getOrLoad('fn:1', () => gate.promise.then(() => ({ run: () => 1 })));
    const [first, second] = [load(), load()];
    await settle();
    gate.resolve();
    expect((await first) === (await second)).toBe(false);
    expect((await second).run()).toBe(1);
  });

  it('runs a failing loader once for 20 callers and fails each of them with its own error', async () => {
    const { cache, names } = createCacheKit();
    const error = new Error('boom');
    let loads = 0;
    const gate = deferred<void>();
    const load = async () => {
      loads++;
      await gate.promise;
      throw error;
    };
    const callers = Array.from({ length: 20 }, () => cache.getOrLoad('bad:1', load));
    const outcomes = Promise.allSettled(callers);
    await settle();
    gate.resolve();
    expect((await outcomes).every((outcome) => outcome.status === 'rejected' && outcome.reason === error)).toBe(true);
    expect(loads).toBe(1);
    expect(names()).not.toContain('set');
    await expect(cache.getOrLoad('bad:1', async () => 'good')).resolves.toBe('good');
  });

  it('gives a synchronous throw of the loader to the caller as it is', async () => {
    const { cache } = createCacheKit();
    const error = new TypeError('sync');
    const thrower = (): Promise<string> => {
      throw error;
    };
    await expect(cache.getOrLoad('bad:2', thrower)).rejects.toBe(error);
  });

  it('expires at its time to live, and not before', async () => {
    const { cache, clock } = createCacheKit();
    let loads = 0;
    const load = () => cache.getOrLoad('ttl:1', async () => ++loads, { ttl: '30s' });
    await load();
    await clock.advance(29_999);
    expect(await load()).toBe(1);
    await clock.advance(1);
    expect(await load()).toBe(2);
  });

  it('does not renew the time to live on a hit', async () => {
    const { cache, clock } = createCacheKit();
    let loads = 0;
    const load = () => cache.getOrLoad('ttl:2', async () => ++loads, { ttl: '10s' });
    for (let second = 0; second < 12; second++) {
      await load();
      await clock.advance(1000);
    }
    expect(loads).toBe(2);
  });

  it('cuts a time to live to the longest that is allowed', async () => {
    const { cache, clock } = createCacheKit({ ttl: { max: '1m' } });
    await cache.set('long:1', 'v', { ttl: '7d' });
    await clock.advance(60_000);
    expect(await cache.get('long:1')).toBeUndefined();
  });

  it('lets the loader set the time to live and keep its result out', async () => {
    const { cache, clock, events } = createCacheKit();
    await cache.getOrLoad('own:1', async (load) => (load.ttl('5s'), 'v'));
    await clock.advance(5000);
    expect(await cache.get('own:1')).toBeUndefined();
    await cache.getOrLoad('own:2', async (load) => (load.skip('too small'), 'v'));
    expect(await cache.get('own:2')).toBeUndefined();
    expect(events).toContainEqual({
      name: 'refused',
      event: { category: 'own', reason: 'too small', isIntended: true },
    });
  });

  it('keeps the grace of the policy for a time to live that the loader sets', async () => {
    const { cache, clock } = createCacheKit();
    const policy = { ttl: '1h', grace: '1m' } as const;
    await cache.getOrLoad('own:3', async (load) => (load.ttl('5s'), 'old'), policy);
    await clock.advance(30_000);
    const failing = (): Promise<string> => Promise.reject(new Error('down'));
    expect(await cache.getOrLoad('own:3', failing, policy)).toBe('old');
    await clock.advance(35_000);
    await expect(cache.getOrLoad('own:3', failing, policy)).rejects.toThrow('down');
  });

  it('stores only what the policy admits, and takes an admit that throws for a no', async () => {
    const { cache, names } = createCacheKit();
    await cache.getOrLoad('adm:1', async () => 'v', { admit: (result, { bytes }) => result === 'v' && bytes > 1000 });
    await cache.getOrLoad('adm:2', async () => 'v', {
      admit: () => {
        throw new Error('mine');
      },
    });
    expect([await cache.get('adm:1'), await cache.get('adm:2')]).toEqual([undefined, undefined]);
    expect(names().filter((name) => name === 'refused')).toHaveLength(2);
  });

  it('serves what is stale within grace when loading fails, and the error after it', async () => {
    const { cache, clock, names } = createCacheKit();
    const policy = { ttl: '10s', grace: '1m' } as const;
    await cache.getOrLoad('grace:1', async () => 'old', policy);
    await clock.advance(30_000);
    const failing = async (): Promise<string> => {
      throw new Error('down');
    };
    expect(await cache.getOrLoad('grace:1', failing, policy)).toBe('old');
    expect(names()).toContain('stale');
    expect(await cache.get('grace:1')).toBeUndefined();
    await clock.advance(40_000);
    await expect(cache.getOrLoad('grace:1', failing, policy)).rejects.toThrow('down');
  });

  it('does not serve within grace what was invalidated while its load was failing', async () => {
    const { cache, clock, names } = createCacheKit({ grace: '1h' });
    await cache.set('k:1', 'old', { ttl: '1s', tags: ['t'] });
    await clock.advance(2_000);
    const gate = deferred<string>();
    const loading = cache.getOrLoad('k:1', () => gate.promise, { ttl: '1s', tags: ['t'] });
    await settle();
    expect(await cache.invalidate({ tag: 't' })).toEqual({ acknowledged: true });
    gate.reject(new Error('down'));
    await expect(loading).rejects.toThrow('down');
    expect(names()).not.toContain('stale');
  });

  it('serves nothing stale, and counts none, where not all of a batch is within grace', async () => {
    const { cache, clock, names, composed } = createCacheKit({ grace: '1h' });
    await cache.set('k:1', 'old', { ttl: '1s' });
    await clock.advance(2_000);
    const failing = (): Promise<never> => Promise.reject(new Error('down'));
    await expect(cache.getOrLoadMany(['k:1', 'k:2'], failing, { ttl: '1s' })).rejects.toThrow('down');
    expect(names()).not.toContain('stale');
    expect(composed.metrics.summary().stale).toBe(0);
  });

  it('does not serve an invalidated entry within grace', async () => {
    const { cache, clock } = createCacheKit();
    const policy = { ttl: '10s', grace: '1m', tags: ['t'] } as const;
    await cache.getOrLoad('grace:2', async () => 'old', policy);
    await clock.advance(20_000);
    await cache.invalidate({ tag: 't' });
    await expect(cache.getOrLoad('grace:2', () => Promise.reject(new Error('down')), policy)).rejects.toThrow('down');
  });

  it('says how a result came about', async () => {
    const { cache, clock } = createCacheKit();
    const load = () => cache.getOrLoad('how:1', async () => ({ v: 1 }));
    expect(cache.outcomeOf(await load())).toEqual({ status: 'miss', tier: null, ageMs: 0, key: 'how:1' });
    await clock.advance(250);
    expect(cache.outcomeOf(await load())).toEqual({ status: 'hit', tier: 'memory', ageMs: 250, key: 'how:1' });
    expect(cache.outcomeOf(await cache.get('how:1'))).toEqual({
      status: 'hit',
      tier: 'memory',
      ageMs: 250,
      key: 'how:1',
    });
    expect(cache.outcomeOf({})).toBeUndefined();
  });

  it.each([
    ['skipped it', { skip: true, admit: true }],
    ['did not admit it', { skip: false, admit: false }],
  ])('tells all who waited for a result that it was refused when its load %s', async (_how, { skip, admit }) => {
    const { cache } = createCacheKit();
    const gate = deferred<void>();
    const load = () =>
      cache.getOrLoad(
        'how:2',
        async ({ skip: keepOut }) => {
          await gate.promise;
          if (skip) keepOut('too small');
          return { v: 1 };
        },
        { admit: () => admit },
      );
    const both = [load(), load()];
    await settle();
    gate.resolve();
    const statuses = (await Promise.all(both)).map((result) => cache.outcomeOf(result)?.status);
    expect(statuses).toEqual(['refused', 'refused']);
  });

  it.each([
    ['an empty key', '', {}],
    ['a reserved key', '~v:tag:x', {}],
    ['a bare number as duration', 'k:1', { ttl: 5 as never }],
  ])('refuses %s with CacheArgumentError', async (_what, key, policy) => {
    const { cache } = createCacheKit();
    await expect(cache.getOrLoad(key, async () => 1, policy)).rejects.toBeInstanceOf(CacheArgumentError);
  });
});

describe('close', () => {
  it('has happened for whoever hears that a load is aborted, and who closes again', async () => {
    const { cache } = createCacheKit();
    const seen: boolean[] = [];
    const gate = deferred<string>();
    const loading = cache.getOrLoad('k:1', ({ signal }) => {
      signal.addEventListener('abort', () => {
        seen.push(cache.isOpen);
        void cache.close();
      });
      return gate.promise;
    });
    await settle();
    await cache.close();
    gate.resolve('v');
    expect(await loading).toBe('v');
    expect(seen).toEqual([false]);
  });
});

describe('a closed or disabled cache', () => {
  it('runs the loader and touches no store once it is closed', async () => {
    const { cache, store } = createCacheKit();
    await cache.getOrLoad('k:1', async () => 'v');
    await cache.close();
    const before = store.calls.length;
    expect(await cache.getOrLoad('k:1', async () => 'fresh')).toBe('fresh');
    expect(await cache.get('k:1')).toBeUndefined();
    expect(await cache.set('k:1', 1)).toBe(false);
    expect(await cache.invalidate({ tag: 't' })).toEqual({ acknowledged: false });
    expect(store.calls).toHaveLength(before);
  });

  it('runs the loader while disabled and says so', async () => {
    const { cache, store, events } = createCacheKit({ enabled: false });
    expect(await cache.getOrLoad('k:1', async () => 'v')).toBe('v');
    expect(store.calls).toEqual([]);
    expect(events).toEqual([{ name: 'bypass', event: { category: 'k', reason: 'disabled' } }]);
  });

  it.each([
    ['disabled', createCacheKit({ enabled: false }), 'disabled'],
    ['unknown who asks', createCacheKit({ scope: { resolve: () => undefined } }), 'unknown-scope'],
  ])('counts every call that goes past it, one for each key, when %s', async (_when, { cache, events }, reason) => {
    await cache.getMany(['k:1', 'l:1']);
    await cache.setMany([
      ['k:1', 1],
      ['l:1', 2],
    ]);
    await cache.delete('k:1');
    const failing = cache.getOrLoad('k:1', () => Promise.reject(new Error('mine')));
    await expect(failing).rejects.toThrow('mine');
    const categories = events.map(({ name, event }) => (name === 'bypass' && 'category' in event ? event : null));
    expect(categories).toEqual(['k', 'l', 'k', 'l', 'k', 'k'].map((category) => ({ category, reason })));
  });

  it('finds a wrong argument also while it is closed', async () => {
    const { cache } = createCacheKit();
    await cache.close();
    await expect(cache.get('')).rejects.toBeInstanceOf(CacheArgumentError);
  });

  it('gives each load a signal of its own, so that no listener outlives its load', async () => {
    const { cache } = createCacheKit();
    const signals = new Set<AbortSignal>();
    for (let n = 0; n < 20; n++) await cache.getOrLoad(`sig:${n}`, async ({ signal }) => void signals.add(signal));
    await cache.getOrLoadMany(['sig:a', 'sig:b'], async (keys, { signal }) => (signals.add(signal), keys));
    expect(signals.size).toBe(21);
    await cache.close();
    expect([...signals].some(({ aborted }) => aborted)).toBe(false);
  });

  it('gives a loader that it runs once it is closed a signal that is not aborted', async () => {
    const { cache } = createCacheKit();
    await cache.close();
    expect(await cache.getOrLoad('sig:1', async ({ signal }) => signal.aborted)).toBe(false);
  });

  it('gives the loader a signal that is aborted when the cache is closed', async () => {
    const { cache } = createCacheKit();
    const seen = deferred<AbortSignal>();
    const gate = deferred<void>();
    const load = cache.getOrLoad('sig:1', async ({ signal }) => {
      seen.resolve(signal);
      await gate.promise;
      return signal.aborted;
    });
    await seen.promise;
    await cache.close();
    gate.resolve();
    expect(await load).toBe(true);
  });
});
