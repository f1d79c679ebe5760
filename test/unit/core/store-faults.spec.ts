import { describe, expect, it, jest } from '@jest/globals';
import { createCacheKit, deferred, settle } from '../../support/cache-kit.js';

describe('a store that gives no answer', () => {
  it.each(['disconnected', 'timeout', 'breaker-open', 'shed', 'connection-lost', 'rejected', 'closed'] as const)(
    'runs the loader on %s, counts an error and stores nothing',
    async (reason) => {
      const { cache, store, events } = createCacheKit();
      store.fail(reason);
      expect(await cache.getOrLoad('k:1', async () => 'v')).toBe('v');
      expect(store.countOf('publish')).toBe(0);
      expect(events.map(({ name }) => name)).toEqual(['error', 'miss', 'load']);
      expect(await cache.explain('k:1')).toMatchObject({ status: 'miss' });
    },
  );

  it('still shares one load among concurrent callers, but not one that is older than the lease', async () => {
    const { cache, store, clock } = createCacheKit();
    store.fail('disconnected');
    const gates = [deferred<string>(), deferred<string>()];
    let loads = 0;
    const load = () => cache.getOrLoad('k:1', () => gates[loads++]?.promise ?? Promise.resolve('third'));
    const first = load();
    await clock.advance(499);
    const second = load();
    await clock.advance(1);
    const third = load();
    await settle();
    gates[1]?.resolve('younger');
    gates[0]?.resolve('older');
    expect([await first, await second, await third, loads]).toEqual(['older', 'older', 'younger', 2]);
  });

  it('gives the result to the caller when only storing fails', async () => {
    const { cache, store, names } = createCacheKit();
    store.fail('rejected', ['publish']);
    expect(await cache.getOrLoad('k:1', async () => 'v')).toBe('v');
    expect(names()).toEqual(['miss', 'load', 'error']);
  });

  it('stores nothing when it is not known whether a missing token was invalidated meanwhile', async () => {
    const { cache, store } = createCacheKit();
    store.fail('timeout', ['ensureVersions']);
    await cache.getOrLoad('k:1', async () => 'v');
    expect(store.countOf('publish')).toBe(0);
  });

  it('is one error where a missing token could not be created, for all loads that share its creation', async () => {
    const { cache, store, events } = createCacheKit();
    store.fail('timeout', ['ensureVersions']);
    await cache.getOrLoadMany(['k:1', 'k:2'], async (missing) => missing);
    expect(events.filter(({ name }) => name === 'error')).toEqual([
      { name: 'error', event: { category: 'invalidation', operation: 'create-version', reason: 'timeout' } },
    ]);
  });

  it('keeps no caller waiting for a store that hangs while storing', async () => {
    const { cache, store } = createCacheKit();
    await cache.set('k:0', 'the tokens are there');
    const release = store.hold('publish');
    expect(await cache.getOrLoad('k:1', async () => 'v')).toBe('v');
    release();
    await settle();
    expect(await cache.get('k:1')).toBe('v');
  });

  it('keeps a caller waiting for a store that hangs while creating tokens no longer than its timeout', async () => {
    const { cache, store, clock } = createCacheKit();
    const release = store.hold('ensureVersions');
    let result: string | undefined;
    const loading = cache.getOrLoad('k:1', async () => 'v').then((value) => (result = value));
    await clock.advance(99);
    expect(result).toBeUndefined();
    await clock.advance(1);
    expect(result).toBe('v');
    release();
    await loading;
  });

  it('keeps a caller waiting no longer than its timeout, reading and creating tokens together', async () => {
    const { cache, store, clock } = createCacheKit();
    const read = store.hold('read');
    let result: string | undefined;
    void cache.getOrLoad('k:1', async () => 'v').then((value) => (result = value));
    await clock.advance(80);
    read();
    store.hold('ensureVersions');
    await clock.advance(19);
    expect(result).toBeUndefined();
    await clock.advance(1);
    expect(result).toBe('v');
  });

  it('keeps a reader waiting no longer than its timeout, with the groups that it did not name', async () => {
    const { cache, store, clock, events } = createCacheKit();
    await cache.set('k:1', 'v', { tags: ['t'] });
    const read = store.hold('read');
    let isDone = false;
    void cache.get('k:1').then(() => (isDone = true));
    await clock.advance(80);
    read();
    store.hold('read');
    await clock.advance(19);
    expect(isDone).toBe(false);
    await clock.advance(1);
    expect(isDone).toBe(true);
    expect(events.at(-1)).toMatchObject({ name: 'miss', event: { reason: 'timeout' } });
  });

  it('is handed a result before the caller goes on, so that the next call hits', async () => {
    const { cache, store, names } = createCacheKit();
    await cache.getOrLoad('k:1', async () => 'v');
    expect(store.countOf('publish')).toBe(1);
    await cache.getOrLoad('k:1', async () => 'w');
    expect(names()).toEqual(['miss', 'load', 'set', 'hit']);
  });

  it('that keeps nothing of this size has not stored it', async () => {
    const { cache, store, events } = createCacheKit({ memory: { maxBytes: 1_000 } });
    expect(await cache.set('k:1', 'x'.repeat(2_000))).toBe(false);
    expect(await store.get('agent-cache:k:1')).toEqual({ ok: true, value: null });
    expect(events.map(({ name }) => name)).toEqual(['refused']);
  });

  it('takes what is no entry for a miss and overwrites it', async () => {
    const { cache, store, events, clock } = createCacheKit();
    for (const foreign of ['', '{"v":1}', 'ac1 {', '\u0000\u0001\u0002', 'ac1 {}\n{}']) {
      await store.set({ key: 'agent-cache:k:1', value: Buffer.from(foreign), ttlMs: 60_000 });
      expect(await cache.getOrLoad('k:1', async () => 'good')).toBe('good');
      expect(await cache.get('k:1')).toBe('good');
      await clock.advance(1);
    }
    expect(events.filter(({ event }) => 'reason' in event && event.reason === 'corrupt')).toHaveLength(5);
  });

  it('takes an entry that was copied from another key for a miss', async () => {
    const { cache, store } = createCacheKit();
    await cache.set('secret:1', 'mine');
    const stolen = await store.get('agent-cache:secret:1');
    const value = stolen.ok ? (stolen.value ?? Buffer.alloc(0)) : Buffer.alloc(0);
    expect(value.length).toBeGreaterThan(0);
    await store.set({ key: 'agent-cache:secret:2', value, ttlMs: 60_000 });
    expect(await cache.get('secret:2')).toBeUndefined();
  });

  it('is not led astray by a wall clock that jumps', async () => {
    const { cache, clock } = createCacheKit();
    await cache.set('k:1', 'v', { ttl: '1h' });
    clock.jump(-3_600_000);
    expect(await cache.get('k:1')).toBe('v');
    expect(cache.outcomeOf(await cache.getOrLoad('k:1', async () => 'w'))).toBeUndefined();
    clock.jump(3 * 3_600_000);
    expect(await cache.getOrLoad('k:1', async () => 'fresh')).toBe('fresh');
  });

  it('lets no listener that throws reach the caller', async () => {
    const { cache } = createCacheKit();
    cache.on('miss', () => {
      throw new Error('listener');
    });
    expect(await cache.getOrLoad('k:1', async () => 'v')).toBe('v');
  });
});

describe('a store that hangs for writes', () => {
  it('is waited for once, where a part of a batch is loaded anew', async () => {
    const { cache, store, clock } = createCacheKit();
    const timedOut = { ok: false, reason: 'timeout' } as const;
    jest
      .spyOn(store.entries, 'ensureVersions')
      .mockImplementation(() => new Promise((resolve) => void clock.after(100, () => resolve(timedOut))));
    const gate = deferred<unknown>();
    const leading = cache.getOrLoad('n:a', () => gate.promise);
    await settle();
    let isDone = false;
    const batch = cache.getOrLoadMany(['n:a', 'm:b'], async (missing: string[]) => missing.map(() => 'v'));
    void batch.then(() => (isDone = true));
    await settle();
    gate.resolve(() => 'cannot be copied');
    await settle();
    await clock.advance(101);
    await clock.advance(0);
    expect(isDone).toBe(true);
    expect(store.entries.ensureVersions).toHaveBeenCalled();
    await clock.advance(200);
    await leading;
  });
});
