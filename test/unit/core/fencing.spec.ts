import { describe, expect, it } from '@jest/globals';
import type { InvalidationTarget } from '../../../src/core/policy/cache-policy.js';
import { createCacheKit, createInstances, deferred, settle, type CacheKit } from '../../support/cache-kit.js';

type Change = (kit: CacheKit) => Promise<unknown>;

const CHANGES: [string, Change, unknown][] = [
  ['deleted', ({ cache }) => cache.delete('k:1'), undefined],
  ['set', ({ cache }) => cache.set('k:1', 'set'), 'set'],
  ['invalidated by key', ({ cache }) => cache.invalidate({ key: 'k:1' }), undefined],
  ['invalidated by pattern', ({ cache }) => cache.invalidate({ pattern: 'k:*' }), undefined],
  ['invalidated by tag', ({ cache }) => cache.invalidate({ tag: 't' }), undefined],
  ['written through', ({ cache }) => cache.writeThrough('k:1', 'set', async () => undefined), 'set'],
  ['deleted by a stranger', ({ store }) => store.delete(['agent-cache:k:1']), undefined],
];
const POLICY = { tags: ['t'] };
/** An entry that is set names no tags here. */
const found = ({ cache }: CacheKit): Promise<unknown> => cache.get('k:1');

describe.each([
  ['in this instance', (): [CacheKit, CacheKit] => [createCacheKit(), null as never]],
  ['in another one', (): [CacheKit, CacheKit] => createInstances().slice(0, 2) as [CacheKit, CacheKit]],
])('a load whose key is changed %s', (where, create) => {
  const changes = where === 'in this instance' ? CHANGES.slice(0, -1) : CHANGES;

  it.each(changes)('while it runs stores nothing, and says so: %s', async (_how, change, expected) => {
    const [here, other] = create();
    const gate = deferred<string>();
    const loading = here.cache.getOrLoad('k:1', () => gate.promise, POLICY);
    await settle();
    await change(other ?? here);
    gate.resolve('old');
    expect(await loading).toBe('old');
    await here.clock.advance(1);
    expect(await found(here)).toBe(expected);
    expect(await found(other ?? here)).toBe(expected);
    const isFencedByVersions = _how === 'invalidated by tag' && other !== null;
    expect(here.names().filter((name) => name === 'overtaken')).toHaveLength(isFencedByVersions ? 0 : 1);
  });

  it.each(changes)(
    'while its result is on its way stores nothing, however late it arrives: %s',
    async (_how, change, expected) => {
      const [here, other] = create();
      const arrive = here.store.hold('publish');
      expect(await here.cache.getOrLoad('k:1', async () => 'old', POLICY)).toBe('old');
      const changing = change(other ?? here);
      await settle();
      arrive();
      await changing;
      await settle();
      expect(await found(here)).toBe(expected);
      await here.clock.advance(60_000);
      expect(await found(other ?? here)).toBe(expected);
    },
  );

  it.each(changes)('and that had begun before it is joined by nobody after it: %s', async (_how, change) => {
    const [here, other] = create();
    const gate = deferred<string>();
    const early = here.cache.getOrLoad('k:1', () => gate.promise, POLICY);
    await here.clock.advance(1);
    await change(other ?? here);
    await here.clock.advance(1);
    const late = here.cache.getOrLoad('k:1', async () => 'new', POLICY);
    await settle();
    gate.resolve('old');
    expect([await early, (await late) === 'old']).toEqual(['old', false]);
    await here.clock.advance(1);
    expect(await found(here)).not.toBe('old');
  });
});

describe('a load that replaces an older entry', () => {
  it('leaves it where it fails, with what was left of its time', async () => {
    const [here, there] = createInstances();
    const policy = { ttl: '10s', grace: '1m' } as const;
    await here.cache.set('k:1', 'old', policy);
    await here.clock.advance(20_000);
    const failing = here.cache.getOrLoad('k:1', () => Promise.reject(new Error('down')), policy);
    expect(await failing).toBe('old');
    expect(await there.cache.explain('k:1')).toMatchObject({ status: 'stale', ageMs: 20_000 });
    await here.clock.advance(50_000);
    expect(await there.cache.explain('k:1')).toMatchObject({ status: 'miss' });
  });

  it('of another instance is followed until there is another entry, not to the old one', async () => {
    const [here, there] = createInstances();
    await here.cache.set('k:1', 'old');
    await here.clock.advance(10_000);
    const control = { maxAge: '5s' } as const;
    const gate = deferred<string>();
    const first = here.cache.getOrLoad('k:1', () => gate.promise, { control });
    await settle();
    const second = there.cache.getOrLoad('k:1', async () => 'a second load', { control });
    await there.clock.advance(200);
    gate.resolve('new');
    await there.clock.advance(50);
    expect([await first, await second]).toEqual(['new', 'new']);
  });
});

describe('an invalidation that comes twice', () => {
  it.each<[string, InvalidationTarget]>([
    ['by key', { key: 'k:1' }],
    ['by tag', { tag: 't' }],
  ])('keeps out what was loaded between: %s', async (_by, target) => {
    const [here, there] = createInstances();
    await there.cache.invalidate(target);
    const gate = deferred<string>();
    const loading = here.cache.getOrLoad('k:1', () => gate.promise, POLICY);
    await settle();
    await there.cache.invalidate(target);
    gate.resolve('old');
    await loading;
    expect(await there.cache.get('k:1', POLICY)).toBeUndefined();
  });
});
