import { describe, expect, it } from '@jest/globals';
import { createCacheKit } from '../../support/cache-kit.js';

const MINUTE = 60_000;

describe('the versions of groups', () => {
  it('outlive every entry that is stored under them, however old they are then', async () => {
    const { cache, clock } = createCacheKit({ ttl: { max: '1h' } });
    const policy = { ttl: '1h', tags: ['t'] } as const;
    await cache.set('k:0', 'the versions are there', policy);
    for (let hour = 0; hour < 3; hour++) {
      await clock.advance(59 * MINUTE);
      await cache.getOrLoad(`k:${hour}`, async () => hour, { ...policy, tags: ['t', `t${hour}`] });
      await cache.set(`s:${hour}`, hour, policy);
      await clock.advance(59 * MINUTE);
      expect(await cache.getMany([`k:${hour}`, `s:${hour}`])).toEqual([hour, hour]);
    }
  });

  it('outlive grace too', async () => {
    const { cache, clock } = createCacheKit({ ttl: { max: '1h' }, grace: '1h' });
    await cache.set('k:1', 'old', { ttl: '1h' });
    await clock.advance(119 * MINUTE);
    expect(await cache.getOrLoad('k:1', () => Promise.reject(new Error('down')))).toBe('old');
  });

  it('are extended once in an eighth of the longest life of an entry, not with each one that is stored', async () => {
    const { cache, store, clock } = createCacheKit({ ttl: { max: '1h' } });
    await cache.set('k:0', 'v');
    for (let n = 0; n < 10; n++) await cache.set(`k:${n}`, n);
    expect(store.countOf('extend')).toBe(0);
    await clock.advance(8 * MINUTE);
    for (let n = 0; n < 10; n++) await cache.set(`k:${n}`, n);
    expect(store.countOf('extend')).toBe(1);
  });

  it('stay the same when they are extended: what was invalidated before is not served', async () => {
    const here = createCacheKit({ ttl: { max: '1h' } });
    const there = createCacheKit({ ttl: { max: '1h' } }, here);
    await here.cache.set('k:1', 'old');
    await there.cache.invalidate({ namespace: 'k' });
    await here.clock.advance(8 * MINUTE);
    await here.cache.set('k:2', 'new');
    expect(await here.cache.getMany(['k:1', 'k:2'])).toEqual([undefined, 'new']);
  });
});

describe('a process that is new', () => {
  it('extends a version that exists once, however many results it stores at first', async () => {
    const here = createCacheKit();
    await here.cache.set('k:0', 'the version is there');
    const there = createCacheKit({}, here);
    await Promise.all(Array.from({ length: 100 }, (_, n) => there.cache.getOrLoad(`k:${n + 1}`, async () => n)));
    expect(there.store.countOf('extend')).toBe(1);
  });

  it('extends it again with the next result where that was not confirmed', async () => {
    const here = createCacheKit();
    await here.cache.set('k:0', 'the version is there');
    const there = createCacheKit({}, here);
    there.store.fail('timeout', ['extend']);
    await there.cache.set('k:1', 'v');
    there.store.fail(null);
    await there.cache.set('k:2', 'v');
    await there.cache.set('k:3', 'v');
    expect(there.store.countOf('extend')).toBe(2);
  });
});
