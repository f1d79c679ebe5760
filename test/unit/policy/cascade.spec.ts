import { describe, expect, it } from '@jest/globals';
import { CacheArgumentError } from '../../../src/core/errors.js';
import type { CascadeOptions } from '../../../src/core/policy/options.js';
import { resolveOptions } from '../../../src/core/policy/resolve-options.js';
import { PolicyResolver } from '../../../src/core/policy/resolve-policy.js';
import { resource } from '../../../src/core/policy/resource.js';
import { createCacheKit } from '../../support/cache-kit.js';
import { unhandledDuring } from '../../support/unhandled-rejections.js';

const resolverOf = (cascade: CascadeOptions, scope?: object): PolicyResolver =>
  new PolicyResolver(resolveOptions({ cascade }), { mustKnow: scope !== undefined, current: () => undefined });
const table =
  (dependencies: Readonly<Record<string, readonly string[]>>) =>
  (tag: string): readonly string[] =>
    dependencies[tag] ?? [];

describe('tags that depend on others', () => {
  const tag = table({ 'price-list': ['catalogue'], catalogue: ['shop', 'currency'], offers: ['catalogue'] });

  it('bring their entries into the groups of all of them, each once', () => {
    const resolver = resolverOf({ tag });
    const [address] = resolver.addressesOf(['k:1'], { tags: ['price-list', 'offers'] }) ?? [];
    const groups = ['tag:price-list', 'tag:offers', 'tag:catalogue', 'tag:shop', 'tag:currency'];
    expect(address?.groups).toEqual(['ns:k', ...groups]);
    expect(resolver.groupsForTags(['price-list', 'offers'])).toEqual(groups);
  });

  it('may go in circles', () => {
    const resolver = resolverOf({ tag: table({ a: ['b'], b: ['c', 'b'], c: ['a'] }) });
    expect(resolver.groupsForTags(['b'])).toEqual(['tag:b', 'tag:c', 'tag:a']);
  });

  it('may have 200 that follow, and no more', () => {
    const chainOf = (length: number) => (name: string) => (Number(name) < length ? [String(Number(name) + 1)] : []);
    expect(resolverOf({ tag: chainOf(200) }).groupsForTags(['0'])).toHaveLength(201);
    expect(resolverOf({ tag: chainOf(201) }).groupsForTags(['0'])).toBeNull();
  });

  it('end also where no end is in sight', () => {
    let count = 0;
    expect(resolverOf({ tag: (name) => [`${name}${++count}`] }).groupsForTags(['a'])).toBeNull();
    expect(count).toBeLessThan(1_000);
  });

  it('do not count those that a call names itself', () => {
    const tags = Array.from({ length: 500 }, (_, index) => `t${index}`);
    expect(resolverOf({ tag: () => ['all'] }).groupsForTags(tags)).toHaveLength(501);
  });

  it.each<[string, unknown]>([
    [
      'throws',
      () => {
        throw new Error('no table');
      },
    ],
    ['answers nothing', () => undefined],
    ['answers a text', () => 'shop'],
    ['answers a Promise', async () => Promise.reject(new Error('late'))],
    ['answers what is no tag', () => [5]],
    ['answers a tag that no key can hold', () => ['\ud800']],
  ])('are not known where the function %s', async (_, of) => {
    const resolver = resolverOf({ tag: of } as CascadeOptions);
    const unhandled = await unhandledDuring(async () => {
      expect(resolver.groupsForTags(['a'])).toBeNull();
      expect(resolver.addressesOf(['k:1'], { tags: ['a'] })).toBeNull();
    });
    expect(unhandled).toEqual([]);
    expect(resolver.bypassReasonOf({ tags: ['a'] })).toBe('unknown-dependencies');
    expect(resolver.addressesOf(['k:1'], {})).not.toBeNull();
  });

  it('are told from a scope that is not known', () => {
    expect(resolverOf({}, {}).bypassReasonOf({})).toBe('unknown-scope');
  });

  it('leave a wrong tag of the caller a wrong argument', () => {
    const resolver = resolverOf({ tag });
    expect(() => resolver.groupsForTags([5 as never])).toThrow(CacheArgumentError);
    expect(() => resolver.groupsForTags('ab' as never)).toThrow(CacheArgumentError);
  });
});

describe('resources that depend on others', () => {
  const cascade: CascadeOptions = {
    resource: ({ type, id }) => (type === 'file' ? [resource('folder', id.slice(0, id.lastIndexOf('/')))] : []),
  };

  it('bring their entries into the groups of all of them, and of any', () => {
    const groups = [
      ...['at:%2Fa%2Fb', 'whole:%2Fa', 'whole:%2F', 'resource:folder:%2Fa', 'resource:%2A:%2A'],
      'resources:shared',
    ];
    expect(resolverOf(cascade).groupsForResources([resource('file', '/a/b')], { groups: [], isForked: false })).toEqual(
      groups,
    );
    const [address] = resolverOf(cascade).addressesOf(['k:1'], { dependsOn: [resource('file', '/a/b')] }) ?? [];
    expect(address?.groups).toEqual(['ns:k', ...groups]);
  });

  it('are not known where the function fails', () => {
    const failing = resolverOf({ resource: () => [null as never] });
    expect(failing.groupsForResources([resource('file', '/a')], { groups: [], isForked: false })).toBeNull();
    expect(failing.groupsForResources([], { groups: [], isForked: false })).toEqual([]);
  });
});

describe('an invalidation', () => {
  it('reaches what names a tag that depends on its own, at any remove', async () => {
    const { cache } = createCacheKit({ cascade: { tag: table({ prices: ['catalogue'], catalogue: ['shop'] }) } });
    let loads = 0;
    const ask = (key: string, tags: string[]) => cache.getOrLoad(key, async () => ++loads, { tags });
    expect([await ask('k:1', ['prices']), await ask('k:2', ['other'])]).toEqual([1, 2]);
    await cache.invalidate({ tag: 'shop' });
    expect([await ask('k:1', ['prices']), await ask('k:2', ['other'])]).toEqual([3, 2]);
    await cache.invalidate({ tag: 'prices' });
    expect(await ask('k:3', ['shop'])).toBe(4);
    expect([await ask('k:1', ['prices']), await ask('k:3', ['shop'])]).toEqual([5, 4]);
  });

  it('of a resource reaches what names one that depends on it', async () => {
    const { cache } = createCacheKit({
      cascade: { resource: ({ type }) => (type === 'file' ? [resource('folder', 'src')] : []) },
    });
    let loads = 0;
    const ask = () => cache.getOrLoad('k:1', async () => ++loads, { dependsOn: [resource('file', 'src/a')] });
    expect([await ask(), await ask()]).toEqual([1, 1]);
    await cache.invalidate({ resource: resource('folder', 'src') });
    expect(await ask()).toBe(2);
  });

  it('need not reach a call whose dependencies are not known: it goes past the cache', async () => {
    const { cache, store } = createCacheKit({
      cascade: {
        tag: () => {
          throw new Error('no table');
        },
      },
    });
    let loads = 0;
    const ask = () => cache.getOrLoad('k:1', async () => ++loads, { tags: ['a'] });
    expect([await ask(), await ask()]).toEqual([1, 2]);
    expect(store.calls).toEqual([]);
  });
});
