import { describe, expect, it } from '@jest/globals';
import { CacheArgumentError } from '../../../src/core/errors.js';
import { Cascade } from '../../../src/core/policy/cascade.js';
import { everything, file, resource, tree, type Resource } from '../../../src/core/policy/resource.js';
import { ResourceGroups } from '../../../src/core/policy/resource-groups.js';
import { createCacheKit, createInstances, settle } from '../../support/cache-kit.js';

const groups = new ResourceGroups(new Cascade({}));
/** Whether a change of one makes unusable what depends on the other. */
const concerns = (changed: Resource, dependedOn: Resource): boolean => {
  const stamped = new Set(groups.stamped([dependedOn]));
  return groups.changed([changed]).some((group) => stamped.has(group));
};

describe('a change', () => {
  it.each<[string, Resource, Resource]>([
    ['of a file: the file', file('/a/b/c'), file('/a/b/c')],
    ['of a file: a tree above', file('/a/b/c'), tree('/a')],
    ['of a file: the tree of all', file('/a/b/c'), tree('/')],
    ['of a file: its folder, whose entries are others', file('/a/b/c'), file('/a/b')],
    ['of a tree: a file below', tree('/a'), file('/a/b/c')],
    ['of a tree: a tree below', tree('/a'), tree('/a/b')],
    ['of a tree: a tree above', tree('/a/b'), tree('/a')],
    ['of a tree: itself as a file', tree('/a/b'), file('/a/b')],
    ['of the tree of all: a file', tree('/'), file('/a/b/c')],
    ['of what is a file by now: what was below it', file('/a'), file('/a/b')],
    ['of a thing: itself', resource('ticket', '1'), resource('ticket', '1')],
    ['of a thing: everything', resource('ticket', '1'), everything()],
    ['of a file: everything', file('/a'), everything()],
    ['of everything: a file', everything(), file('/a/b')],
    ['of everything: a thing', everything(), resource('ticket', '1')],
    ['of everything: everything', everything(), everything()],
  ])('concerns, %s', (_name, changed, dependedOn) => {
    expect(concerns(changed, dependedOn)).toBe(true);
  });

  it.each<[string, Resource, Resource]>([
    ['of a file: its sibling', file('/a/b'), file('/a/c')],
    ['of a file: one whose name it begins', file('/a/b'), file('/a/bc')],
    ['of a file: the tree beside', file('/a/b/c'), tree('/a/d')],
    ['of a file: a tree whose name its folder begins', file('/ab/c'), tree('/a')],
    ['of a file: entries of a folder that is not its own', file('/a/b/c'), file('/a')],
    ['of a tree: a file beside', tree('/a/b'), file('/a/c')],
    ['of a thing: another one', resource('ticket', '1'), resource('ticket', '2')],
    ['of a thing: one of another type', resource('ticket', '1'), resource('user', '1')],
    ['of a thing: a file', resource('ticket', '/a'), file('/a')],
    ['of a thing whose type ends with what the id begins with', resource('a:b', 'c'), resource('a', 'b:c')],
  ])('does not concern, %s', (_name, changed, dependedOn) => {
    expect(concerns(changed, dependedOn)).toBe(false);
  });

  it('is one write of a few versions, however deep it is', () => {
    const path = `/${'d/'.repeat(12)}f`;
    expect(groups.changed([file(path)])).toHaveLength(4 + 13 + 1);
  });
});

describe('the spelling of a resource', () => {
  it.each([
    ['./a', 'a'],
    ['a//b', 'a/b'],
    ['a/b/', 'a/b'],
    ['/../a', '/a'],
    ['../a', '../a'],
    ['/a/./b/..', '/a/b/..'],
    ['///', '/'],
    ['./', '.'],
  ])('of the path %s is %s', (spelled, path) => {
    expect(file(spelled)).toEqual({ type: 'file', id: path });
    expect(tree(spelled)).toEqual({ type: 'tree', id: path });
  });

  it.each([
    ['a/../a', 'a'],
    ['/a/./b/..', '/a'],
    ['b/../../a', 'a'],
    ['a/..', '.'],
  ])('%s means what %s does, as far as the text tells', (spelled, path) => {
    expect(groups.stamped([file(spelled), tree(spelled)])).toEqual(groups.stamped([file(path), tree(path)]));
    expect(groups.changed([file(spelled)])).toEqual(groups.changed([file(path)]));
  });

  it('does not matter where characters can be composed, in ids and in paths', () => {
    expect(resource('user', 'Jose\u0301')).toEqual(resource('user', 'Jos\u00e9'));
    expect(concerns(file('/Jose\u0301'), file('/Jos\u00e9'))).toBe(true);
    // But a path is looked at as it was given.
    expect(file('/Jose\u0301').id).toBe('/Jose\u0301');
  });

  it.each<[string, () => Resource]>([
    ['an empty path', () => file('')],
    ['a path with a NUL', () => file('a\0b')],
    ['a lone surrogate in a path', () => tree('a\ud800')],
    ['a lone surrogate in an id', () => resource('ticket', '\ud800')],
    ['an id that is a number', () => resource('ticket', 5 as never)],
    ['no id', () => resource('ticket', undefined as never)],
    ['an empty type', () => resource('', '1')],
    ['one of everything', () => resource('*', '1')],
  ])('is refused: %s', (_name, make) => {
    expect(make).toThrow(CacheArgumentError);
  });
});

describe('invalidate', () => {
  it.each<[string, unknown]>([
    ['nothing', null],
    ['a text', 'a.txt'],
    ['a path with a NUL', { type: 'file', id: 'a\0' }],
    ['an id that is not well-formed', { type: 'ticket', id: '\ud800' }],
  ])('rejects a wrong resource: %s', async (_name, given) => {
    const { cache } = createCacheKit();
    await expect(cache.invalidate({ resource: given as never })).rejects.toThrow(CacheArgumentError);
    await expect(cache.invalidate({ resources: [given] as never })).rejects.toThrow(CacheArgumentError);
    await expect(cache.invalidate({ resources: 'a' as never })).rejects.toThrow(CacheArgumentError);
  });

  it('finds what depends on files, also by another instance, in one command', async () => {
    const [a, b] = createInstances();
    const load = (path: string) => b.cache.getOrLoad(`read:${path}`, async () => path, { dependsOn: [file(path)] });
    await load('/w/a');
    await load('/w/b');
    a.store.calls.length = 0;
    await a.cache.invalidate({ resource: file('/w/x/../a') });
    expect(a.store.calls).toHaveLength(1);
    const statuses = [await b.cache.explain('read:/w/a'), await b.cache.explain('read:/w/b')];
    expect(statuses.map(({ status }) => status)).toEqual(['miss', 'hit']);
  });

  it('follows cascades to files and from them', async () => {
    const { cache } = createCacheKit({
      cascade: {
        resource: ({ type }) => (type === 'report' ? [tree('/data')] : type === 'file' ? [resource('disk', '1')] : []),
      },
    });
    const load = () => cache.getOrLoad('k:1', async () => 1, { dependsOn: [resource('report', '7')] });
    await load();
    await cache.invalidate({ resource: file('/data/x/prices.csv') });
    expect((await cache.explain('k:1')).status).toBe('miss');
    await cache.getOrLoad('k:2', async () => 1, { dependsOn: [file('/etc/hosts')] });
    await cache.invalidate({ resource: resource('disk', '1') });
    expect((await cache.explain('k:2')).status).toBe('miss');
  });

  it('takes resources that a loader names late', async () => {
    const { cache } = createCacheKit();
    const load = async () => cache.getOrLoad('k:1', async (load) => (load.dependsOn(file('/a/b')), 1));
    await load();
    await settle();
    expect((await cache.explain('k:1')).status).toBe('hit');
    await cache.invalidate({ resource: tree('/a') });
    expect((await cache.explain('k:1')).status).toBe('miss');
  });

  it('of everything within a tenant leaves what other tenants have, and takes what is of no tenant', async () => {
    const { cache, composed } = createCacheKit();
    const dependsOn = [file('/a')];
    const as = <T>(tenant: string, run: () => Promise<T>): Promise<T> => composed.scope.run({ tenant }, run);
    const load = async (): Promise<void> => {
      for (const tenant of ['acme', 'other'])
        await as(tenant, () => cache.getOrLoad('own:1', async () => 1, { dependsOn }));
      await cache.getOrLoad('shared:1', async () => 1, { dependsOn });
      await cache.getOrLoad('late:1', async (load) => (load.dependsOn(file('/a')), 1), { scope: 'public' });
      await settle();
    };
    const statuses = async () => [
      ...(await Promise.all(['acme', 'other'].map((tenant) => as(tenant, () => cache.explain('own:1'))))),
      await cache.explain('shared:1'),
      await cache.explain('late:1'),
    ];
    const invalidate = () => cache.invalidate({ resource: everything(), within: 'tenant' });
    await load();
    await as('acme', invalidate);
    expect((await statuses()).map(({ status }) => status)).toEqual(['miss', 'hit', 'miss', 'miss']);
    await load();
    await invalidate();
    expect((await statuses()).map(({ status }) => status)).toEqual(['miss', 'miss', 'miss', 'miss']);
    const wrong = { resource: file('/a'), within: 'tenant' } as const;
    await expect(cache.invalidate(wrong)).rejects.toThrow(CacheArgumentError);
  });
});
