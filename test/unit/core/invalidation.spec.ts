import { describe, expect, it, jest } from '@jest/globals';
import { CacheKeyGenerator } from '../../../src/core/key/cache-key-generator.js';
import { CacheArgumentError } from '../../../src/core/errors.js';
import type { CachePolicy, InvalidationTarget } from '../../../src/core/policy/cache-policy.js';
import { everything, resource } from '../../../src/core/policy/resource.js';
import { createCacheKit, deferred, settle, type CacheKit } from '../../support/cache-kit.js';

const KEY = 'report:task-1:5';
const POLICY: CachePolicy<string> = { tags: ['a', 'b'], context: 'task-1', dependsOn: [resource('file', 'x.txt')] };
const TARGETS: [string, InvalidationTarget][] = [
  ['its key', { key: KEY }],
  ['a tag', { tag: 'b' }],
  ['several tags', { tags: ['z', 'a'] }],
  ['its context', { context: 'task-1' }],
  ['a resource', { resource: resource('file', 'x.txt') }],
  ['everything', { resource: everything() }],
  ['its namespace', { namespace: 'report' }],
  ['a pattern', { pattern: 'report:task-1:*' }],
];

/** Loads before an invalidation, stores after it, and tells whether the old value is served: the attack on the fence. */
async function isOldValueServed(kit: CacheKit, target: InvalidationTarget): Promise<boolean> {
  const gate = deferred<string>();
  const slow = kit.cache.getOrLoad(KEY, () => gate.promise, POLICY);
  await settle();
  await kit.cache.invalidate(target);
  gate.resolve('old');
  await slow;
  return (await kit.cache.getOrLoad(KEY, async () => 'new', POLICY)) === 'old';
}

describe('invalidate', () => {
  it.each(TARGETS)('makes an entry unusable by %s', async (_by, target) => {
    const { cache, events } = createCacheKit();
    await cache.getOrLoad(KEY, async () => 'old', POLICY);
    expect(await cache.get(KEY, POLICY)).toBe('old');
    expect(await cache.invalidate(target)).toEqual({ acknowledged: true });
    expect(await cache.getOrLoad(KEY, async () => 'new', POLICY)).toBe('new');
    expect(events).toContainEqual({
      name: 'invalidate',
      event: { target: Object.keys(target)[0], acknowledged: true },
    });
  });

  it.each(TARGETS)('keeps out what began to load before it: by %s', async (_by, target) => {
    expect(await isOldValueServed(createCacheKit(), target)).toBe(false);
  });

  it.each([
    ['two forms', { key: KEY, tag: 'a' }, /key and tag: expected exactly one of/],
    ['no form', { tag: undefined }, /none of its forms/],
    ['nothing', null, /none of its forms/],
    ['a text for tags', { tags: 'ab' }, /tags is of type string: expected an array/],
    ['a number for a tag', { tag: 7 }, /number/],
    ['no resource', { resource: null }, /undefined/],
    ['an unknown level', { scope: { level: 'nonsense', id: 'x' } }, /wrong scope: expected/],
    ['a level that is shared', { scope: { level: 'public', id: 'x' } }, /wrong scope: expected/],
    ['no id', { scope: { level: 'tenant', id: '' } }, /wrong scope: expected/],
    ['no scope', { scope: null }, /wrong scope: expected/],
    ['an unknown level of a key', { key: KEY, level: 'nonsense' }, /'nonsense': expected 'public'/],
    ['an empty key', { key: '' }, /key is empty/],
    ['an empty pattern', { pattern: '' }, /pattern is empty/],
  ])('refuses %s and does nothing, also around a change', async (_what, target, message) => {
    const { cache, store, events } = createCacheKit();
    const invalidating = cache.invalidate(target as never);
    await expect(invalidating).rejects.toBeInstanceOf(CacheArgumentError);
    await expect(invalidating).rejects.toThrow(message);
    let isChanged = false;
    const changing = cache.invalidateAround([{ tag: 'a' }, target as never], async () => void (isChanged = true));
    await expect(changing).rejects.toBeInstanceOf(CacheArgumentError);
    expect({ isChanged, calls: store.calls, events }).toEqual({ isChanged: false, calls: [], events: [] });
  });

  it('is told by the form of its target, whatever else stands in it', async () => {
    const { cache, events } = createCacheKit();
    await cache.invalidate({ level: 'public', key: KEY });
    expect(events).toEqual([{ name: 'invalidate', event: { target: 'key', acknowledged: true } }]);
  });

  it('does nothing by key for whom nobody knows, and says so', async () => {
    const { cache, clock, store, events } = createCacheKit({ scope: { resolve: () => undefined } });
    expect(await cache.invalidate({ key: KEY })).toEqual({ acknowledged: false });
    await clock.advance(60_000);
    expect(store.calls).toEqual([]);
    expect(events).toEqual([
      { name: 'bypass', event: { category: 'report', reason: 'unknown-scope' } },
      { name: 'invalidate', event: { target: 'key', acknowledged: false } },
    ]);
  });

  it('keeps out what another instance began to load before it', async () => {
    const here = createCacheKit();
    const there = createCacheKit({}, here);
    const gate = deferred<string>();
    const slow = there.cache.getOrLoad(KEY, () => gate.promise, POLICY);
    await settle();
    await here.cache.invalidate({ tag: 'a' });
    gate.resolve('old');
    await slow;
    expect(await here.cache.get(KEY, POLICY)).toBeUndefined();
    expect(await there.cache.get(KEY, POLICY)).toBeUndefined();
  });

  it('would be caught serving old values if invalidating left the tokens as they are', async () => {
    const here = createCacheKit();
    const there = createCacheKit({}, here);
    here.store.fail('timeout', ['setManyOnce']);
    const gate = deferred<string>();
    const slow = there.cache.getOrLoad(KEY, () => gate.promise, POLICY);
    await settle();
    expect(await here.cache.invalidate({ tag: 'a' })).toEqual({ acknowledged: false });
    gate.resolve('old');
    await slow;
    expect(await there.cache.get(KEY, POLICY)).toBe('old');
  });

  it('leaves alone what it does not name', async () => {
    const { cache } = createCacheKit();
    await cache.set('report:other:1', 'kept', { tags: ['c'], context: 'task-2' });
    for (const [, target] of TARGETS.filter(([name]) => name !== 'its namespace')) await cache.invalidate(target);
    expect(await cache.get('report:other:1', { tags: ['c'] })).toBe('kept');
  });

  it('finds tags also for a reader that does not name them', async () => {
    const { cache } = createCacheKit();
    await cache.set('k:1', 'v', { tags: ['t'] });
    expect(await cache.get('k:1')).toBe('v');
    await cache.invalidate({ tag: 't' });
    expect(await cache.get('k:1')).toBeUndefined();
  });

  it('takes an entry for invalid whose token was evicted', async () => {
    const { cache, store } = createCacheKit();
    await cache.set('k:1', 'v', { tags: ['t'] });
    await store.delete(['agent-cache:~v:tag:t']);
    expect(await cache.get('k:1', { tags: ['t'] })).toBeUndefined();
  });

  it('takes an entry for invalid that was stored before its policy named a tag', async () => {
    const { cache } = createCacheKit();
    await cache.set('k:1', 'v');
    expect(await cache.get('k:1', { tags: ['new'] })).toBeUndefined();
  });

  it.each(['订单', '订单'.repeat(12), 'a:b*'.repeat(60)])(
    'finds the namespace of a key that the generator made: case %#',
    async (namespace) => {
      const { cache } = createCacheKit();
      const keys = new CacheKeyGenerator();
      await cache.set(keys.key(namespace, 1), 'old');
      await cache.set(keys.key(`${namespace}s`, 1), 'kept');
      expect(await cache.invalidate({ namespace })).toEqual({ acknowledged: true });
      expect(await cache.get(keys.key(namespace, 1))).toBeUndefined();
      expect(await cache.get(keys.key(`${namespace}s`, 1))).toBe('kept');
    },
  );

  it('writes once, however many entries there are', async () => {
    const { cache, store } = createCacheKit();
    for (let n = 0; n < 100; n++) await cache.set(`k:${n}`, n, { tags: ['t'] });
    const before = store.calls.length;
    await cache.invalidate({ tag: 't' });
    expect(store.calls.slice(before)).toEqual([{ operation: 'setManyOnce', keys: ['agent-cache:~v:tag:t'] }]);
    expect(await cache.get('k:42')).toBeUndefined();
  });

  it('lets nobody join a load that began before it', async () => {
    const { cache } = createCacheKit();
    const gates = [deferred<string>(), deferred<string>()];
    let loads = 0;
    const load = () =>
      cache.getOrLoad(KEY, () => gates[loads++]?.promise ?? Promise.reject(new Error('third load')), POLICY);
    const early = load();
    await settle();
    await cache.invalidate({ tag: 'a' });
    const late = load();
    await settle();
    gates[1]?.resolve('new');
    gates[0]?.resolve('old');
    expect([await early, await late]).toEqual(['old', 'new']);
    expect(await cache.get(KEY)).toBe('new');
  });

  it('lets a value that is set win over a load under way', async () => {
    const { cache } = createCacheKit();
    const gate = deferred<string>();
    const slow = cache.getOrLoad('w:1', () => gate.promise);
    await settle();
    expect(await cache.set('w:1', 'set')).toBe(true);
    gate.resolve('loaded');
    await slow;
    expect(await cache.get('w:1')).toBe('set');
  });
});

describe('an invalidation that is not confirmed', () => {
  it('is honest, is not served here, and is repeated until it is confirmed', async () => {
    const here = createCacheKit();
    const there = createCacheKit({}, here);
    await here.cache.getOrLoad(KEY, async () => 'old', POLICY);
    here.store.fail('timeout', ['setManyOnce']);
    expect(await here.cache.invalidate({ tag: 'a' })).toEqual({ acknowledged: false });
    expect(await here.cache.getOrLoad(KEY, async () => 'fresh', POLICY)).toBe('fresh');
    expect(await here.cache.get(KEY, POLICY)).toBeUndefined();
    here.store.fail(null);
    await settle();
    expect(await there.cache.get(KEY, POLICY)).toBeUndefined();
    await here.cache.getOrLoad(KEY, async () => 'newer', POLICY);
    expect(await here.cache.get(KEY, POLICY)).toBe('newer');
  });

  it('is repeated by itself where no recovery is reported', async () => {
    const kit = createCacheKit();
    await kit.cache.set('k:1', 'v', { tags: ['t'] });
    kit.store.fail('shed', ['setManyOnce', 'delete']);
    await kit.cache.invalidate({ tag: 't' });
    await kit.cache.invalidate({ key: 'k:1' });
    await kit.clock.advance(10_000);
    const other = createCacheKit({}, kit);
    expect(await other.cache.get('k:1')).toBe('v');
    kit.store.fail(null, []);
    await kit.clock.advance(10_000);
    expect(await other.cache.get('k:1')).toBeUndefined();
  });

  it.each([
    ['a tag', { tag: 't' }, { category: 'invalidation', operation: 'invalidate', reason: 'timeout' }],
    ['a pattern', { pattern: 'k:*' }, { category: 'invalidation', operation: 'invalidate', reason: 'incomplete' }],
    ['a key', { key: 'k:1' }, { category: 'k', operation: 'delete', reason: 'timeout' }],
  ] as const)('is one error, by %s, however often it is repeated', async (_by, target, error) => {
    const kit = createCacheKit();
    kit.store.fail('timeout');
    await kit.cache.invalidate(target);
    await kit.clock.advance(60_000);
    expect(kit.events.filter(({ name }) => name === 'error')).toEqual([{ name: 'error', event: error }]);
  });

  it('is not repeated once the cache is closed', async () => {
    const kit = createCacheKit();
    kit.store.fail('timeout');
    for (const target of [{ tag: 't' }, { key: 'k:1' }, { pattern: 'k:*' }]) await kit.cache.invalidate(target);
    await kit.cache.close();
    expect(kit.clock.pendingTimerCount).toBe(0);
    const before = kit.store.calls.length;
    await kit.clock.advance(60_000);
    kit.store.fail(null);
    await settle();
    expect(kit.store.calls).toHaveLength(before);
  });

  it('is not repeated either where the store answers only once the cache is closed', async () => {
    const kit = createCacheKit();
    const release = kit.store.hold('delete');
    const invalidating = kit.cache.invalidate({ key: 'k:1' });
    await settle();
    await kit.cache.close();
    kit.store.fail('closed');
    release();
    expect(await invalidating).toEqual({ acknowledged: false });
    expect(kit.clock.pendingTimerCount).toBe(0);
  });

  it('covers everything when a pattern could not be walked to its end, until all is unusable', async () => {
    const kit = createCacheKit();
    await kit.cache.set('k:1', 'v');
    kit.store.fail('timeout', ['deleteMatching']);
    expect(await kit.cache.invalidate({ pattern: 'zzz:*' })).toEqual({ acknowledged: false });
    expect(await kit.cache.get('k:1')).toBeUndefined();
    kit.store.fail(null);
    await settle();
    expect(await kit.cache.get('k:1')).toBeUndefined();
    await kit.cache.set('k:1', 'again');
    expect(await kit.cache.get('k:1')).toBe('again');
  });

  it('stays bounded: past 10,000 it covers everything rather than forget one', async () => {
    const kit = createCacheKit();
    await kit.cache.set('k:1', 'v');
    await kit.cache.set('k:2', 'v', { tags: ['t5'] });
    kit.store.fail('disconnected', ['setManyOnce']);
    const all = Array.from({ length: 10_001 }, (_, n) => kit.cache.invalidate({ tag: `t${n}` }));
    expect((await Promise.all(all)).some(({ acknowledged }) => acknowledged)).toBe(false);
    expect(await kit.cache.get('k:1')).toBeUndefined();
    kit.store.fail(null);
    await settle();
    const other = createCacheKit({}, kit);
    expect(await other.cache.get('k:2')).toBeUndefined();
  });

  it('is not released by the confirmation of an earlier invalidation of the same group', async () => {
    const { cache, store } = createCacheKit();
    await cache.set('k:1', 'v', { tags: ['t'] });
    const confirmed = deferred<{ ok: true; value: true }>();
    jest
      .spyOn(store, 'setManyOnce')
      .mockReturnValueOnce(confirmed.promise)
      .mockResolvedValueOnce({ ok: false, reason: 'timeout' });
    const first = cache.invalidate({ tag: 't' });
    expect(await cache.invalidate({ tag: 't' })).toEqual({ acknowledged: false });
    confirmed.resolve({ ok: true, value: true });
    expect(await first).toEqual({ acknowledged: true });
    expect(await cache.get('k:1')).toBeUndefined();
  });

  it('of a key is not served here until it is confirmed', async () => {
    const { cache, store } = createCacheKit();
    await cache.set('k:1', 'v');
    store.fail('timeout', ['delete']);
    expect(await cache.invalidate({ key: 'k:1' })).toEqual({ acknowledged: false });
    expect(await cache.get('k:1')).toBeUndefined();
  });

  it('of a pattern is released by one walk to its end, however many other invalidations come meanwhile', async () => {
    const { cache, store, clock } = createCacheKit();
    const walked = deferred<{ deleted: number; complete: boolean }>();
    jest
      .spyOn(store, 'deleteMatching')
      .mockResolvedValueOnce({ deleted: 0, complete: false })
      .mockReturnValueOnce(walked.promise);
    await cache.invalidate({ pattern: 'zzz:*' });
    await clock.advance(250);
    expect(await cache.invalidate({ tag: 'unrelated' })).toEqual({ acknowledged: true });
    walked.resolve({ deleted: 0, complete: true });
    await settle();
    await cache.set('k:1', 'v');
    expect(await cache.get('k:1')).toBe('v');
  });

  it('of a pattern is not released by a walk that began before it failed', async () => {
    const { cache, store, clock } = createCacheKit();
    await cache.set('k:1', 'v');
    const walked = deferred<{ deleted: number; complete: boolean }>();
    const failed = { deleted: 0, complete: false };
    jest
      .spyOn(store, 'deleteMatching')
      .mockResolvedValueOnce(failed)
      .mockReturnValueOnce(walked.promise)
      .mockResolvedValueOnce(failed);
    await cache.invalidate({ pattern: 'a:*' });
    await clock.advance(250);
    await cache.invalidate({ pattern: 'k:*' });
    walked.resolve({ deleted: 0, complete: true });
    await settle();
    expect(await cache.get('k:1')).toBeUndefined();
  });
});

describe('an unconfirmed invalidation of a group', () => {
  it('covers an entry of it also for a reader that does not name the group', async () => {
    const { cache, store } = createCacheKit();
    await cache.set('k:1', 'old', { tags: ['t'] });
    store.fail('rejected', ['setManyOnce']);
    expect(await cache.invalidate({ tag: 't' })).toEqual({ acknowledged: false });
    expect(await cache.get('k:1')).toBeUndefined();
    expect(await cache.getOrLoad('k:1', async () => 'new')).toBe('new');
    expect(await cache.get('k:1')).toBe('new');
  });
});

describe('what is loaded while an invalidation that covers it is not confirmed', () => {
  it('is not handed to the store, nor are versions for it', async () => {
    const { cache, store } = createCacheKit();
    await cache.set('k:0', 'v', { tags: ['t'] });
    store.fail('rejected', ['setManyOnce']);
    await cache.invalidate({ tag: 't' });
    const before = store.calls.length;
    expect(await cache.getOrLoad('k:1', async () => 'v', { tags: ['t', 'u'] })).toBe('v');
    expect(store.calls.slice(before).map(({ operation }) => operation)).toEqual(['read']);
  });
});

describe('more than 10,000 invalidations at once', () => {
  const MANY = Array.from({ length: 10_001 }, (_, n) => `t${n}`);

  it.each<[string, (kit: CacheKit) => Promise<{ acknowledged: boolean }[]>]>([
    ['keys', ({ cache }) => Promise.all(MANY.map((tag) => cache.invalidate({ key: `k:${tag}` })))],
    ['tags of one call', ({ cache }) => Promise.all([cache.invalidate({ tags: MANY })])],
  ])('that are all confirmed end nothing for good: %s', async (_what, invalidate) => {
    const kit = createCacheKit();
    const results = await invalidate(kit);
    expect(results.every(({ acknowledged }) => acknowledged)).toBe(true);
    await kit.clock.advance(250);
    expect(await kit.cache.set('x:1', 'v')).toBe(true);
    expect(await kit.cache.get('x:1')).toBe('v');
  });
});

describe('a read that was sent while an invalidation was on its way', () => {
  it.each<[string, InvalidationTarget, 'delete' | 'setManyOnce', CachePolicy, number]>([
    ['its key', { key: 'k:1' }, 'delete', {}, 1],
    ['a tag that it names', { tag: 't' }, 'setManyOnce', { tags: ['t'] }, 1],
    ['a tag that it does not name', { tag: 't' }, 'setManyOnce', {}, 2],
  ])(
    'serves nothing old when its answer comes after the confirmation: %s',
    async (_by, target, operation, policy, heldRead) => {
      const { cache, store } = createCacheKit();
      await cache.set('k:1', 'old', { tags: ['t'] });
      const [confirm, answer] = [deferred<void>(), deferred<void>()];
      const change = store[operation].bind(store) as (arg: never) => Promise<never>;
      const read = store.entries.read.bind(store.entries);
      jest.spyOn(store, operation).mockImplementationOnce(async (arg: unknown) => {
        await confirm.promise;
        return change(arg as never);
      });
      const invalidating = cache.invalidate(target);
      await settle();
      let reads = 0;
      jest.spyOn(store.entries, 'read').mockImplementation(async (...keys) => {
        const isHeld = ++reads === heldRead;
        const reply = await read(...keys);
        if (isHeld) await answer.promise;
        return reply;
      });
      const reading = cache.get('k:1', policy);
      await settle();
      confirm.resolve();
      expect(await invalidating).toEqual({ acknowledged: true });
      answer.resolve();
      expect(await reading).toBeUndefined();
      expect(reads).toBeGreaterThanOrEqual(heldRead);
    },
  );
});

describe('invalidateAround', () => {
  it.each([
    ['succeeds', async () => 'done'],
    ['fails', () => Promise.reject(new Error('failed'))],
  ])('makes results unusable before and after a change that %s', async (_how, change) => {
    const { cache } = createCacheKit();
    const policy = { dependsOn: [everything()] };
    await cache.getOrLoad('tool:1', async () => 'before', policy);
    const gate = deferred<void>();
    const changing = cache
      .invalidateAround({ resource: everything() }, () => gate.promise.then(change))
      .catch(() => 'failed');
    await settle();
    const reading = deferred<string>();
    const during = cache.getOrLoad('tool:1', () => reading.promise, policy);
    await settle();
    gate.resolve();
    await changing;
    reading.resolve('half-way');
    expect(await during).toBe('half-way');
    expect(await cache.getOrLoad('tool:1', async () => 'after', policy)).toBe('after');
  });

  it('waits for a store that hangs no longer than one timeout in all', async () => {
    const { cache, store, clock } = createCacheKit({ redis: { url: 'redis://127.0.0.1:1', timeout: '100ms' } });
    let isDone = false;
    const release = store.hold('setManyOnce');
    const changing = cache.invalidateAround({ tag: 't' }, async () => 'done').then(() => (isDone = true));
    await clock.advance(99);
    expect(isDone).toBe(false);
    await clock.advance(1);
    release();
    await changing;
    expect(isDone).toBe(true);
  });
});
