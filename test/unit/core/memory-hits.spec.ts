import { describe, expect, it, jest } from '@jest/globals';
import type { CachePolicy } from '../../../src/core/policy/cache-policy.js';
import { createCacheKit, createInstances, deferred, settle, type CacheKit } from '../../support/cache-kit.js';

const TAGS = ['a', 'b', 'c', 'd', 'e'];

/** Stores under `k:1`, and reads it so that memory holds it. */
async function hold(kit: CacheKit, value: unknown = 'old', policy: CachePolicy = {}): Promise<void> {
  await kit.cache.set('k:1', value, policy);
  await kit.cache.get('k:1', policy);
}

/** How many times the store is asked while `k:1` is read once. */
async function callsOfRead(kit: CacheKit, policy: CachePolicy = {}): Promise<number> {
  const before = kit.store.calls.length;
  await kit.cache.get('k:1', policy);
  return kit.store.calls.length - before;
}

const tierOf = async ({ cache }: CacheKit, policy: CachePolicy = {}) =>
  cache.outcomeOf(await cache.get('k:1', policy))?.tier;

describe('a hit in memory', () => {
  it.each([0, 1, 5])('asks the store nothing, with %d tags, named or not', async (count) => {
    const kit = createCacheKit();
    const tags = TAGS.slice(0, count);
    await hold(kit, { n: 1 }, { tags });
    const before = kit.store.calls.length;
    expect(await kit.cache.getOrLoad('k:1', async () => 'loaded', { tags })).toEqual({ n: 1 });
    expect(await kit.cache.get('k:1')).toEqual({ n: 1 });
    expect(kit.store.calls.slice(before)).toEqual([]);
    expect(kit.events.at(-1)).toMatchObject({ name: 'hit', event: { tier: 'memory', category: 'k' } });
  });

  it('asks the store once for the rest of a batch', async () => {
    const kit = createCacheKit();
    await hold(kit);
    await kit.cache.set('k:2', 'new');
    const before = kit.store.calls.length;
    expect(await kit.cache.getMany(['k:2', 'k:1', 'k:3'])).toEqual(['new', 'old', undefined]);
    expect(kit.store.calls.slice(before)).toEqual([
      { operation: 'read', keys: ['agent-cache:k:2', 'agent-cache:k:3', 'agent-cache:~v:ns:k'] },
    ]);
  });

  it('is a private copy, in both directions', async () => {
    const kit = createCacheKit();
    const given = { list: [1] };
    await kit.cache.set('k:1', given);
    given.list.push(2);
    const reads = [await kit.cache.get('k:1'), await kit.cache.get('k:1'), await kit.cache.get('k:1')] as never[];
    for (const read of reads) (read as { list: number[] }).list.push(3);
    expect(await kit.cache.get('k:1')).toEqual({ list: [1] });
    expect(new Set(reads).size).toBe(3);
  });

  it('is not for a caller who does not want memory, who asks the store and leaves it as it is', async () => {
    const kit = createCacheKit();
    await hold(kit, {});
    expect(await callsOfRead(kit, { memory: false })).toBe(1);
    const other = createCacheKit();
    await hold(other, {}, { memory: false });
    expect(await callsOfRead(other)).toBe(1);
    expect(await callsOfRead(other)).toBe(0);
  });

  it('is not for a caller who names a group that the entry is not stamped with', async () => {
    const kit = createCacheKit();
    await hold(kit);
    expect(await kit.cache.get('k:1', { tags: ['t'] })).toBeUndefined();
    expect(await kit.cache.get('k:1')).toBe('old');
  });

  it('never outlives its time to live by the wall clock, nor that of the store', async () => {
    const kit = createCacheKit();
    await hold(kit, 'old', { ttl: '10s', grace: '1m' });
    kit.clock.jump(10_000);
    expect(await kit.cache.get('k:1')).toBeUndefined();
    kit.clock.jump(-200_000);
    expect(await kit.cache.get('k:1')).toBe('old');
    await kit.clock.advance(70_000);
    expect(await kit.cache.get('k:1')).toBeUndefined();
  });

  it('does not answer where the feed vouches for nothing, and answers again after it is back', async () => {
    const kit = createCacheKit();
    await hold(kit, {});
    expect(await callsOfRead(kit)).toBe(0);
    kit.store.changes.isUp = false;
    expect(await callsOfRead(kit)).toBe(1);
    kit.store.changes.isUp = true;
    kit.store.changes.lose();
    expect(await callsOfRead(kit)).toBe(1);
    expect(await callsOfRead(kit)).toBe(0);
  });

  it('is none where nothing is kept in this process', async () => {
    const kit = createCacheKit({ memory: { maxBytes: 0 } });
    let loads = 0;
    const load = () => kit.cache.getOrLoad('k:1', async () => ++loads);
    expect([await load(), await load()]).toEqual([1, 2]);
    expect(await kit.cache.set('k:1', 'v')).toBe(false);
  });

  it('still shares one load where nothing is kept', async () => {
    const kit = createCacheKit({ memory: { maxBytes: 0 } });
    const gate = deferred<string>();
    let loads = 0;
    const load = () => kit.cache.getOrLoad('k:1', () => (loads++, gate.promise));
    const first = load();
    await settle();
    await kit.clock.advance(5);
    const second = load();
    await settle();
    gate.resolve('v');
    expect([await first, await second, loads]).toEqual(['v', 'v', 1]);
  });

  it('has a store behind it alone where there is no room in front of it', async () => {
    const base = createCacheKit();
    const kit = createCacheKit({ memory: { maxBytes: 0 } }, base);
    await hold(kit, {});
    expect(await callsOfRead(kit)).toBe(1);
    expect(await callsOfRead(kit)).toBe(1);
  });
});

describe('what memory holds', () => {
  it.each([
    ['a tag', { tag: 'a' }],
    ['a tag that the reader does not name', { tag: 'b' }],
    ['its namespace', { namespace: 'k' }],
    ['its key', { key: 'k:1' }],
    ['a pattern', { pattern: 'k:*' }],
  ])('is gone at once when it is invalidated, here and in other instances: by %s', async (_by, target) => {
    const [here, there] = createInstances();
    const policy = { tags: ['a', 'b'] };
    await hold(here, 'old', policy);
    await there.cache.get('k:1', policy);
    expect(await callsOfRead(there, policy)).toBe(0);
    const invalidating = here.cache.invalidate(target);
    if (!('pattern' in target)) expect(await here.cache.get('k:1', { tags: ['a'] })).toBeUndefined();
    expect(await invalidating).toEqual({ acknowledged: true });
    for (const { cache } of [here, there]) expect(await cache.get('k:1', { tags: ['a'] })).toBeUndefined();
  });

  it.each<[string, (kit: CacheKit) => Promise<unknown>, unknown]>([
    ['sets it', ({ cache }) => cache.set('k:1', 'new'), 'new'],
    ['deletes it', ({ cache }) => cache.delete('k:1'), undefined],
    ['loads it anew', ({ cache }) => cache.getOrLoad('k:1', async () => 'new', { control: { refresh: true } }), 'new'],
    ['is a stranger that deletes it', ({ store }) => store.delete(['agent-cache:k:1']), undefined],
  ])('is what the store holds when another instance %s', async (_what, change, expected) => {
    const [here, there] = createInstances();
    await hold(here);
    await change(there);
    expect(await here.cache.get('k:1')).toBe(expected);
  });

  it('is served until its feed tells, where another instance has changed it', async () => {
    const [here, there] = createInstances();
    await hold(here, 'old', { tags: ['t'] });
    const tell = here.store.changes.hold();
    await there.cache.invalidate({ tag: 't' });
    expect(await here.cache.get('k:1')).toBe('old');
    tell();
    expect(await here.cache.get('k:1')).toBeUndefined();
  });

  it('is not what a read has found that a change has overtaken', async () => {
    const [here, there] = createInstances();
    await here.cache.set('k:1', 'old');
    const read = here.store.entries.read.bind(here.store.entries);
    const answer = deferred<void>();
    jest.spyOn(here.store.entries, 'read').mockImplementationOnce(async (...keys) => {
      const reply = await read(...keys);
      await answer.promise;
      return reply;
    });
    const reading = here.cache.get('k:1');
    await settle();
    await there.cache.set('k:1', 'new');
    answer.resolve();
    expect(await reading).toBe('old');
    expect(await here.cache.get('k:1')).toBe('new');
  });

  it('stays when a group changes that it does not belong to', async () => {
    const kit = createCacheKit();
    await hold(kit, { n: 1 }, { tags: ['t'] });
    for (let n = 0; n < 3; n++) {
      await kit.cache.invalidate({ tag: `other${n}` });
      expect(await callsOfRead(kit)).toBe(0);
      expect(await tierOf(kit)).toBe('memory');
    }
    await kit.cache.invalidate({ tag: 't' });
    expect(await kit.cache.get('k:1')).toBeUndefined();
  });

  it('is not served while an invalidation that covers it is not confirmed', async () => {
    const kit = createCacheKit();
    await hold(kit, 'old', { tags: ['t'] });
    const release = kit.store.hold('setManyOnce', 'delete');
    const invalidating = [kit.cache.invalidate({ tag: 't' }), kit.cache.invalidate({ tag: 'other' })];
    expect(await kit.cache.get('k:1')).toBeUndefined();
    release();
    await Promise.all(invalidating);
    expect(await kit.cache.get('k:1')).toBeUndefined();
  });

  it('is told of when it has to go for want of room', async () => {
    const base = createCacheKit();
    const kit = createCacheKit({ memory: { maxBytes: 4_000 } }, base);
    for (let n = 0; n < 5; n++) {
      await kit.cache.set(`k:${n}`, 'x'.repeat(500));
      await kit.cache.get(`k:${n}`);
    }
    const evicted = kit.events.filter(({ name }) => name === 'evict').map(({ event }) => event);
    expect(evicted.slice(0, 2)).toEqual([{ storageKey: 'agent-cache:k:0' }, { storageKey: 'agent-cache:k:1' }]);
    expect(await kit.cache.get('k:0')).toBe('x'.repeat(500));
  });
});
