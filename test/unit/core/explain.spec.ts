import { describe, expect, it } from '@jest/globals';
import { contextPolicy } from '../../../src/agent/context-policy.js';
import { readOnlyToolPolicy } from '../../../src/agent/read-only-tool-policy.js';
import { createCacheKit } from '../../support/cache-kit.js';
import { createRecordingCache } from '../../support/recording-cache.js';

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
