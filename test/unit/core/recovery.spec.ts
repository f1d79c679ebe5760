import { describe, expect, it } from '@jest/globals';
import { createInstances, settle, type CacheKit } from '../../support/cache-kit.js';

const POLICY = { tags: ['t'] };

/** Two instances that hold `k:1`, which the first invalidates; a replica that has not heard of it takes over. */
async function failOver(target: object, afterMs: number): Promise<readonly [CacheKit, CacheKit]> {
  const [here, there] = createInstances();
  await here.cache.set('k:1', 'old', POLICY);
  const keys = ['agent-cache:k:1', 'agent-cache:~v:ns:k', 'agent-cache:~v:tag:t'];
  const replies = await there.store.getMany(keys);
  await here.cache.invalidate(target as never);
  await here.clock.advance(afterMs);
  here.store.fail('disconnected');
  const old = replies.ok ? replies.value.map((value) => value as Buffer) : [];
  await there.store.setMany(keys.map((key, index) => ({ key, value: old[index] as Buffer, ttlMs: 3_600_000 })));
  expect(await there.cache.get('k:1')).toBe('old');
  return [here, there];
}

/** The store of `kit` is reached again. */
async function recover({ store }: CacheKit): Promise<void> {
  store.fail(null);
  await settle();
}

describe('an invalidation that was confirmed and lost in a failover', () => {
  it.each([
    ['a tag', { tag: 't' }],
    ['a key', { key: 'k:1' }],
    ['a namespace', { namespace: 'k' }],
    ['a pattern', { pattern: 'k:*' }],
  ])('is repeated before anything is served, within a minute: of %s', async (_of, target) => {
    const [here, there] = await failOver(target, 59_000);
    const release = here.store.hold('setManyOnce', 'delete', 'deleteMatching');
    here.store.fail(null);
    if (!('pattern' in target)) expect(await here.cache.get('k:1', POLICY)).toBeUndefined();
    release();
    await settle();
    for (const { cache } of [here, there]) expect(await cache.get('k:1')).toBeUndefined();
    expect(await here.cache.set('k:1', 'new', POLICY)).toBe(true);
    expect(await here.cache.get('k:1')).toBe('new');
  });

  it.each([{ tag: 't' }, { key: 'k:1' }])(
    'keeps out what was asked before it and is answered after it: %p',
    async (target) => {
      const [here] = await failOver(target, 1_000);
      // Only what is asked here works again; nobody has been told.
      here.store.fail('disconnected', ['get']);
      const { read } = here.store.entries;
      let answer = (): void => undefined;
      here.store.entries.read = async (...asked) => {
        const reply = await read(...asked);
        await new Promise<void>((resolve) => (answer = resolve));
        return reply;
      };
      const asked = here.cache.get('k:1', POLICY);
      await settle();
      here.store.entries.read = read;
      await recover(here);
      answer();
      expect(await asked).toBeUndefined();
    },
  );

  it.each([{ tag: 't' }, { key: 'k:1' }, { pattern: 'k:*' }])('is not repeated after a minute: %p', async (target) => {
    const [here] = await failOver(target, 60_001);
    const before = here.store.calls.length;
    await recover(here);
    expect(here.store.calls).toHaveLength(before);
  });

  it('is remembered from when it was confirmed, also when that took repeating', async () => {
    const [here, there] = createInstances();
    await here.cache.set('k:1', 'old', POLICY);
    here.store.fail('timeout', ['setManyOnce']);
    expect(await here.cache.invalidate({ tag: 't' })).toEqual({ acknowledged: false });
    await here.clock.advance(120_000);
    await recover(here);
    const confirmed = here.store.countOf('setManyOnce');
    await recover(here);
    expect(here.store.countOf('setManyOnce')).toBe(confirmed + 1);
    expect(await there.cache.get('k:1')).toBeUndefined();
  });

  it('of more than 10,000 is one walk that makes all unusable', async () => {
    const [here] = createInstances();
    await here.cache.set('k:1', 'kept');
    for (let n = 0; n < 11; n++) {
      await here.cache.invalidate({ tags: Array.from({ length: 1_000 }, (_, index) => `t${n}-${index}`) });
    }
    expect(await here.cache.get('k:1')).toBe('kept');
    const before = here.store.calls.length;
    await recover(here);
    expect(here.store.calls.slice(before)).toContainEqual({ operation: 'deleteMatching', keys: ['agent-cache:~v:*'] });
    expect(await here.cache.get('k:1')).toBeUndefined();
  });

  it('costs nothing where nothing was invalidated', async () => {
    const [here] = createInstances();
    await here.cache.set('k:1', 'v');
    const before = here.store.calls.length;
    await recover(here);
    expect(here.store.calls).toHaveLength(before);
    expect(await here.cache.get('k:1')).toBe('v');
  });
});
