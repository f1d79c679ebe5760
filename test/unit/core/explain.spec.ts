import { describe, expect, it } from '@jest/globals';
import { contextPolicy } from '../../../src/agent/contexts/context-policy.js';
import { readOnlyToolPolicy } from '../../../src/agent/tools/read-only-tool-policy.js';
import { CacheControl } from '../../../src/composition/cache-control.js';
import { createCacheKit, createInstances, deferred, settle, type CacheKit } from '../../support/cache-kit.js';
import { createRecordingCache } from '../../support/recording-cache.js';

/** A kit whose store says that it is Redis. */
function createRedisLikeKit(): CacheKit {
  const kit = createCacheKit();
  Object.defineProperty(kit.store, 'mode', { value: 'standalone' });
  return kit;
}

describe('explain', () => {
  it('tells age, time left, size and groups of an entry that would be served, and never the value', async () => {
    const { cache, clock, names } = createCacheKit();
    await cache.set('k:1', 'a secret', { ttl: '10s', tags: ['t'] });
    await clock.advance(3_000);
    const before = names().length;
    const explained = await cache.explain('k:1');
    expect(explained).toEqual({
      key: 'k:1',
      status: 'hit',
      storedAtMs: 1_000_000_000_000,
      reason: 'The entry is fresh and would be served.',
      tier: 'memory',
      ageMs: 3_000,
      ttlLeftMs: 7_000,
      bytes: '"a secret"'.length,
      groups: [
        { group: 'ns:k', current: true },
        { group: 'tag:t', current: true },
      ],
    });
    expect(names()).toHaveLength(before);
  });

  it('tells a stale entry from a fresh one', async () => {
    const { cache, clock } = createCacheKit();
    await cache.set('k:1', 'v', { ttl: '10s', grace: '1m' });
    await clock.advance(12_000);
    expect(await cache.explain('k:1')).toMatchObject({ status: 'stale', ageMs: 12_000, ttlLeftMs: 0 });
  });

  it('names the groups that were invalidated since, also where the policy names none', async () => {
    const { cache, clock } = createCacheKit();
    await cache.set('k:1', 'v', { ttl: '10s', tags: ['t', 'u'] });
    await cache.invalidate({ tag: 't' });
    await clock.advance(1_000);
    for (const policy of [{}, { tags: ['t'] }, { tags: ['u'] }]) {
      expect(await cache.explain('k:1', policy)).toMatchObject({
        status: 'miss',
        reason: expect.stringContaining('not current'),
        ageMs: 1_000,
        ttlLeftMs: 9_000,
        groups: [
          { group: 'ns:k', current: true },
          { group: 'tag:t', current: false },
          { group: 'tag:u', current: true },
        ],
      });
    }
  });

  it('tells which tier would answer', async () => {
    const { cache } = createCacheKit();
    await cache.set('k:1', 'v');
    expect(await cache.explain('k:1', { memory: false })).toMatchObject({ status: 'hit', tier: 'memory' });
    const redis = createRedisLikeKit();
    await redis.cache.set('k:1', 'v');
    expect(await redis.cache.explain('k:1')).toMatchObject({ status: 'hit', tier: 'redis' });
    expect(await redis.cache.explain('k:1')).toMatchObject({ status: 'hit', tier: 'memory', bytes: '"v"'.length });
    expect(await redis.cache.explain('k:2')).toMatchObject({ status: 'miss', tier: 'redis' });
  });

  it('says when a load is under way, here or elsewhere, until it has ended', async () => {
    const [here, there] = createInstances();
    await here.cache.set('k:1', 'old', { ttl: '1s', grace: '1m' });
    await here.clock.advance(2_000);
    const gate = deferred<string>();
    const loading = ['k:1', 'k:2'].map((key) => here.cache.getOrLoad(key, () => gate.promise));
    await settle();
    for (const { cache } of [here, there]) {
      expect((await cache.explain('k:1')).reason).toMatch(/outlived its time to live\. A load of it is under way\.$/);
      expect((await cache.explain('k:2')).reason).toMatch(/^Nothing is stored .* A load of it is under way\.$/);
    }
    gate.resolve('new');
    await Promise.all(loading);
    await settle();
    expect((await there.cache.explain('k:1')).reason).toBe('The entry is fresh and would be served.');
  });

  it.each([
    ['older than the caller wants it', { maxAge: '2s' }, /older than maxAge/],
    ['to be loaded anew', { refresh: true }, /loaded anew/],
  ] as const)('says when what is stored is %s', async (_what, control, reason) => {
    const { cache, clock } = createCacheKit();
    await cache.set('k:1', 'v', { ttl: '10s' });
    await clock.advance(3_000);
    const expected = { status: 'miss', reason: expect.stringMatching(reason), ageMs: 3_000, ttlLeftMs: 7_000 };
    expect(await cache.explain('k:1', { control })).toMatchObject(expected);
    expect(await CacheControl.run(control, () => cache.explain('k:1'))).toMatchObject(expected);
    expect(await cache.explain('k:1', { control: { maxAge: '3s' } })).toMatchObject({ status: 'hit' });
  });

  it('says when the entry lacks a group that the policy names', async () => {
    const { cache } = createCacheKit();
    await cache.set('k:1', 'v');
    expect(await cache.explain('k:1', { tags: ['new'] })).toMatchObject({
      status: 'miss',
      reason: expect.stringContaining('without one of the groups that the policy names'),
      groups: [{ group: 'ns:k', current: true }],
    });
  });

  it('says when nothing is stored, and when an invalidation is not confirmed', async () => {
    const { cache, store } = createCacheKit();
    expect(await cache.explain('k:1')).toMatchObject({
      status: 'miss',
      reason: expect.stringMatching(/^Nothing is stored/),
      groups: [],
    });
    await cache.set('k:1', 'v');
    store.fail('timeout', ['delete']);
    await cache.invalidate({ key: 'k:1' });
    expect(await cache.explain('k:1')).toMatchObject({
      status: 'miss',
      reason: expect.stringMatching(/not confirmed yet/),
    });
  });

  it.each([
    ['the cache is disabled', createCacheKit({ enabled: false }), /^The cache is disabled .*CACHE_ENABLED.*\.$/],
    ['nobody knows who asks', createCacheKit({ scope: { resolve: () => undefined } }), /CacheScope\.run\(\).*\.$/],
  ])('says in a sentence why nothing is asked when %s', async (_when, { cache }, sentence) => {
    const explained = await cache.explain('k:1');
    expect(explained).toMatchObject({ key: 'k:1', status: 'bypass', tier: null });
    expect(explained.reason).toMatch(sentence);
  });

  it('says in a sentence that the cache is closed', async () => {
    const { cache } = createCacheKit();
    await cache.close();
    expect(await cache.explain('k:1')).toMatchObject({
      status: 'bypass',
      reason: 'The cache is closed: every loader runs.',
    });
  });

  it('agrees with the outcome of a decorated method whose namespace its key does not show', async () => {
    const kit = createRecordingCache({ tools: { read_file: { permissionTier: 'READ_ONLY' } } });
    const build = kit.under(contextPolicy({ namespace: 'chat' }), async (_: object) => ({ messages: ['m'] }));
    const execute = kit.under(readOnlyToolPolicy({ namespace: 'fs' }), async (_: object) => ({ text: 't' }));
    for (const call of [
      () => build({ taskId: 't1', turn: 1 }),
      () => execute({ toolName: 'read_file', params: { path: 'a' } }),
    ]) {
      await call();
      const outcome = kit.cache.outcomeOf(await call());
      expect(outcome?.status).toBe('hit');
      expect((await kit.cache.explain(outcome?.key ?? '')).status).toBe('hit');
    }
  });
});
