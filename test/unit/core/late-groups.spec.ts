import { describe, expect, it } from '@jest/globals';
import type { LoadContext } from '../../../src/core/policy/cache-policy.js';
import { resource } from '../../../src/core/policy/resource.js';
import { createCacheKit, createInstances, deferred, settle, type CacheKit } from '../../support/cache-kit.js';

const REFUSED = {
  name: 'refused',
  event: {
    category: 'k',
    reason: 'a group that its loader named may have been invalidated during the load',
    isIntended: true,
  },
};

/** Begins a load of `k:1` that names the tag `t` when it ends. */
function slowLoad({ cache }: CacheKit, name = (load: LoadContext) => load.tag('t')) {
  const gate = deferred<string>();
  const loading = cache.getOrLoad('k:1', async (load) => {
    const value = await gate.promise;
    name(load);
    return value;
  });
  return { loading, end: () => gate.resolve('old') };
}

async function end({ loading, end }: ReturnType<typeof slowLoad>): Promise<void> {
  end();
  expect(await loading).toBe('old');
  await settle();
}

describe('a group that the loader names', () => {
  it.each<[string, (load: LoadContext) => void, object]>([
    ['a tag', (load) => load.tag('t', 'u'), { tag: 'u' }],
    ['a resource', (load) => load.dependsOn(resource('file', 'x')), { resource: resource('file', 'x') }],
  ])('makes the result unusable when it is invalidated: %s', async (_what, name, target) => {
    const kit = createCacheKit();
    const slow = slowLoad(kit, name);
    await settle();
    await end(slow);
    expect(await kit.cache.get('k:1')).toBe('old');
    await kit.cache.invalidate(target as never);
    expect(await kit.cache.get('k:1')).toBeUndefined();
  });

  it.each(['here', 'elsewhere'])('keeps the result out when it was invalidated %s during the load', async (where) => {
    const [here, there] = createInstances();
    const slow = slowLoad(here);
    await settle();
    await (where === 'here' ? here : there).cache.invalidate({ tag: 't' });
    await end(slow);
    expect(await here.cache.get('k:1')).toBeUndefined();
    expect(here.events).toContainEqual(REFUSED);
    expect(here.store.countOf('publish')).toBe(0);
  });

  it('does not when it was invalidated before, or another one was meanwhile', async () => {
    const [here, there] = createInstances();
    await there.cache.invalidate({ tag: 't' });
    const slow = slowLoad(here);
    await settle();
    await there.cache.invalidate({ tag: 'other' });
    await end(slow);
    expect(await there.cache.get('k:1')).toBe('old');
    await there.cache.invalidate({ tag: 't' });
    expect(await here.cache.get('k:1')).toBeUndefined();
  });

  it('does not when it was invalidated before the load, during an earlier one that still runs', async () => {
    const kit = createCacheKit();
    void kit.cache.getOrLoad('other:1', () => deferred<string>().promise);
    await settle();
    await kit.cache.invalidate({ tag: 't' });
    const slow = slowLoad(kit);
    await settle();
    await end(slow);
    expect(await kit.cache.get('k:1')).toBe('old');
  });

  it('gets a version where it has none, once for what is loaded together', async () => {
    const kit = createCacheKit();
    await end(slowLoad(kit));
    expect(await kit.store.get('agent-cache:~v:tag:t')).toMatchObject({ ok: true, value: expect.any(Buffer) });
    await end(slowLoad(kit));
    expect(await kit.cache.get('k:1', { tags: ['t'] })).toBe('old');
  });

  it('keeps the result out when a version comes from elsewhere just when it gets one', async () => {
    const [here, there] = createInstances();
    await here.cache.set('k:0', 'the version is there');
    const create = here.store.hold('ensureVersions');
    const slow = slowLoad(here);
    slow.end();
    await slow.loading;
    await settle();
    await there.cache.invalidate({ tag: 't' });
    create();
    await settle();
    expect(await here.cache.get('k:1')).toBeUndefined();
    expect(here.events).toContainEqual(REFUSED);
  });

  it.each<[string, (kit: CacheKit) => void]>([
    ['has missed changes', ({ store }) => store.changes.lose()],
    ['cannot tell whether it has told all', ({ store }) => void store.changes.hold()],
    ['is cut off', ({ store }) => (store.changes.isUp = false)],
  ])('keeps the result out where the feed %s', async (_how, disturb) => {
    const kit = createCacheKit();
    const slow = slowLoad(kit);
    await settle();
    disturb(kit);
    await end(slow);
    expect(kit.events).toContainEqual(REFUSED);
    kit.store.changes.isUp = true;
    expect(await kit.cache.get('k:1')).toBeUndefined();
  });

  it('keeps the result out while an invalidation of it is not confirmed', async () => {
    const kit = createCacheKit();
    kit.store.fail('rejected', ['setManyOnce']);
    const slow = slowLoad(kit);
    await settle();
    await kit.cache.invalidate({ tag: 't' });
    await end(slow);
    expect(kit.store.countOf('publish')).toBe(0);
  });

  it('lets nobody join the load, once it is invalidated here, that has named it', async () => {
    const kit = createCacheKit();
    const gate = deferred<string>();
    const early = kit.cache.getOrLoad('k:1', (load) => (load.tag('t'), gate.promise));
    await settle();
    await kit.cache.invalidate({ tag: 't' });
    const late = kit.cache.getOrLoad('k:1', async () => 'new');
    await settle();
    gate.resolve('old');
    expect([await early, await late]).toEqual(['old', 'new']);
  });

  it('that the policy has named already counts from before the load', async () => {
    const kit = createCacheKit();
    const policy = { tags: ['t'] };
    const gate = deferred<string>();
    const loading = kit.cache.getOrLoad('k:1', (load) => (load.tag('t'), gate.promise), policy);
    await settle();
    kit.store.changes.lose();
    gate.resolve('v');
    await loading;
    expect(await kit.cache.get('k:1', policy)).toBe('v');
  });

  it('counts with all that it depends on', async () => {
    const kit = createCacheKit({ cascade: { tag: (tag) => (tag === 't' ? ['below'] : []) } });
    await end(slowLoad(kit));
    expect(await kit.cache.get('k:1')).toBe('old');
    await kit.cache.invalidate({ tag: 'below' });
    expect(await kit.cache.get('k:1')).toBeUndefined();
  });

  it('keeps the result out where it is not known what it depends on', async () => {
    const kit = createCacheKit({ cascade: { tag: () => null as never } });
    await end(slowLoad(kit));
    expect(await kit.cache.get('k:1')).toBeUndefined();
    expect(kit.events).toContainEqual({
      name: 'refused',
      event: { category: 'k', reason: 'what its groups depend on is not known', isIntended: true },
    });
  });

  it('does not hold many changes for long: past 10,000 it does not know', async () => {
    const kit = createCacheKit();
    const slow = slowLoad(kit);
    await settle();
    const versions = Array.from({ length: 10_001 }, (_, n) => `agent-cache:~v:tag:other${n}`);
    await kit.store.setMany(versions.map((key) => ({ key, value: Buffer.from('v'), ttlMs: 60_000 })));
    await end(slow);
    expect(kit.events).toContainEqual(REFUSED);
    await end(slowLoad(kit));
    expect(await kit.cache.get('k:1')).toBe('old');
  });
});

describe('what tags and resources depend on', () => {
  it('makes what names them unusable with one write, at any remove', async () => {
    const below: Record<string, string[]> = { page: ['article'], article: ['author'] };
    const kit = createCacheKit({
      cascade: {
        tag: (tag) => below[tag] ?? [],
        resource: ({ id }) => (id === 'a/b' ? [resource('folder', 'a')] : []),
      },
    });
    await kit.cache.set('k:1', 'v', { tags: ['page'] });
    await kit.cache.set('k:2', 'v', { dependsOn: [resource('file', 'a/b')] });
    await kit.cache.set('k:3', 'v', { tags: ['other'] });
    const before = kit.store.calls.length;
    await kit.cache.invalidate({ tag: 'author' });
    await kit.cache.invalidate({ resource: resource('folder', 'a') });
    expect(kit.store.calls.slice(before).map(({ operation }) => operation)).toEqual(['setManyOnce', 'setManyOnce']);
    expect(await kit.cache.getMany(['k:1', 'k:2', 'k:3'])).toEqual([undefined, undefined, 'v']);
  });

  it('is not what is above them', async () => {
    const kit = createCacheKit({ cascade: { tag: (tag) => (tag === 'page' ? ['article'] : []) } });
    await kit.cache.set('k:1', 'v', { tags: ['article'] });
    await kit.cache.invalidate({ tag: 'page' });
    expect(await kit.cache.get('k:1')).toBe('v');
  });
});
