import { describe, expect, it } from '@jest/globals';
import { CacheControl } from '../../../src/composition/cache-control.js';
import { CacheMissError } from '../../../src/core/errors.js';
import type { CacheControlValues } from '../../../src/core/ports/cache-control.js';
import { createCacheKit, createInstances, deferred, settle, type CacheKit } from '../../support/cache-kit.js';

type Controlled = { control?: CacheControlValues };

/** The two ways to say how a call deals with the cache. */
const WAYS: [string, <T>(control: CacheControlValues, call: (policy: Controlled) => T) => T][] = [
  ['by its policy', (control, call) => call({ control })],
  ['by what it runs in', (control, call) => CacheControl.run(control, () => call({}))],
];

/** A cache that holds `k:1` in memory, five seconds old. */
async function heldKit(): Promise<CacheKit> {
  const kit = createCacheKit();
  await kit.cache.set('k:1', { v: 'old' }, { ttl: '10s', grace: '1m' });
  await kit.cache.get('k:1');
  await kit.clock.advance(5_000);
  kit.events.length = 0;
  return kit;
}

describe.each(WAYS)('a call that says %s', (_way, under) => {
  const load = (kit: CacheKit, control: CacheControlValues, value: unknown = { v: 'new' }) =>
    under(control, (policy) => kit.cache.getOrLoad<unknown>('k:1', async () => value, policy));

  it('bypass runs its loader, alone, and neither asks nor tells the cache', async () => {
    const kit = await heldKit();
    const before = kit.store.calls.length;
    const result = await load(kit, { bypass: true });
    expect(result).toEqual({ v: 'new' });
    expect(await under({ bypass: true }, (policy) => kit.cache.get('k:1', policy))).toBeUndefined();
    expect(await under({ bypass: true }, (policy) => kit.cache.set('k:1', 'set', policy))).toBe(false);
    expect(kit.store.calls).toHaveLength(before);
    expect(kit.events).toEqual(
      [1, 2, 3].map(() => ({ name: 'bypass', event: { category: 'k', reason: 'requested' } })),
    );
    expect(kit.cache.outcomeOf(result)).toMatchObject({ status: 'bypass' });
    expect(await kit.cache.get('k:1')).toEqual({ v: 'old' });
    expect(await under({ bypass: true }, (policy) => kit.cache.explain('k:1', policy))).toMatchObject({
      status: 'bypass',
      reason: expect.stringMatching(/asked to go past/),
    });
  });

  it('refresh loads anew whatever is held, and stores it', async () => {
    const kit = await heldKit();
    expect(kit.cache.outcomeOf(await load(kit, { refresh: true }))).toMatchObject({ status: 'miss' });
    expect(kit.names()).toEqual(['miss', 'load', 'set']);
    expect(kit.events[0]?.event).toMatchObject({ reason: 'refresh' });
    expect(await kit.cache.get('k:1')).toEqual({ v: 'new' });
    expect(await under({ refresh: true }, (policy) => kit.cache.get('k:1', policy))).toBeUndefined();
  });

  it('onlyIfCached gets what is there, and an error that says what to do where nothing usable is', async () => {
    const kit = await heldKit();
    expect(await load(kit, { onlyIfCached: true })).toEqual({ v: 'old' });
    await kit.clock.advance(10_000);
    let loads = 0;
    const missing = under({ onlyIfCached: true }, (policy) =>
      kit.cache.getOrLoadMany(['k:1', 'k:2'], async (keys) => (loads++, keys), policy),
    );
    await expect(missing).rejects.toBeInstanceOf(CacheMissError);
    await expect(missing).rejects.toMatchObject({
      code: 'CACHE_MISS',
      message: expect.stringContaining('onlyIfCached'),
    });
    expect(loads).toBe(0);
    expect(await under({ onlyIfCached: true }, (policy) => kit.cache.get('k:1', policy))).toBeUndefined();
  });

  it.each(['4999ms', '0s'] as const)('maxAge of %s loads what was stored longer ago, and stores it', async (maxAge) => {
    const kit = await heldKit();
    expect(await load(kit, { maxAge: '5s' })).toEqual({ v: 'old' });
    expect(await load(kit, { maxAge })).toEqual({ v: 'new' });
    expect(kit.events.filter(({ name }) => name === 'miss')).toMatchObject([{ event: { reason: 'too-old' } }]);
    expect(await load(kit, { maxAge })).toEqual({ v: 'new' });
    expect(await kit.cache.get('k:1')).toEqual({ v: 'new' });
  });

  it('maxAge asks for what is held too old and for what is not held at once, so that it costs one time limit', async () => {
    const kit = await heldKit();
    const before = kit.store.countOf('read');
    const loadMissing = (missing: string[]): Promise<unknown[]> => Promise.resolve(missing.map((key) => `new ${key}`));
    const found = under({ maxAge: '1s' }, (policy) => kit.cache.getOrLoadMany(['k:1', 'k:2'], loadMissing, policy));
    expect(await found).toEqual(['new k:1', 'new k:2']);
    expect(kit.store.countOf('read')).toBe(before + 1);
    expect(await kit.cache.getMany(['k:1', 'k:2'])).toEqual(['new k:1', 'new k:2']);
  });

  it('maxAge finds what another instance has stored since, of which memory was not told', async () => {
    const [here, there] = createInstances();
    await here.cache.set('k:1', 'old');
    await here.cache.get('k:1');
    await here.clock.advance(5_000);
    here.store.changes.hold();
    await there.cache.set('k:1', 'newer');
    expect(await load(here, { maxAge: '1s' })).toBe('newer');
  });

  it('noStore gets what is there, and stores nothing it has loaded', async () => {
    const kit = await heldKit();
    expect(await load(kit, { noStore: true })).toEqual({ v: 'old' });
    await kit.cache.delete('k:1');
    expect(await load(kit, { noStore: true })).toEqual({ v: 'new' });
    expect(await kit.cache.get('k:1')).toBeUndefined();
    expect(kit.store.countOf('lease')).toBe(1);
    expect(kit.events).toContainEqual({
      name: 'refused',
      event: { category: 'k', reason: 'noStore was asked for', isIntended: true },
    });
  });

  it('refresh and noStore leaves alone what is stored, and what others load', async () => {
    const kit = await heldKit();
    const gate = deferred<unknown>();
    const other = kit.cache.getOrLoad('k:1', () => gate.promise, { control: { refresh: true } });
    await settle();
    expect(await load(kit, { refresh: true, noStore: true }, 'mine')).toBe('mine');
    gate.resolve({ v: 'theirs' });
    await other;
    await settle();
    expect(await kit.cache.get('k:1')).toEqual({ v: 'theirs' });
  });
});

describe('control', () => {
  it('of the policy wins over what the call runs in, field by field', async () => {
    const kit = await heldKit();
    const get = (control: CacheControlValues) => kit.cache.getOrLoad<unknown>('k:1', async () => 'new', { control });
    await CacheControl.run({ bypass: true, noStore: true }, async () => {
      expect(await get({ bypass: false })).toEqual({ v: 'old' });
      expect(await get({ refresh: true })).toBe('new');
    });
    expect(await kit.cache.get('k:1')).toEqual({ v: 'old' });
  });

  it('holds for loads within a load, whose own key is not loaded without end', async () => {
    const kit = await heldKit();
    let loads = 0;
    const get = (depth: number): Promise<string> =>
      kit.cache.getOrLoad('k:1', async () => (loads++, depth === 0 ? 'inner' : `outer of ${await get(depth - 1)}`));
    expect(await CacheControl.run({ refresh: true }, () => get(2))).toBe('outer of outer of inner');
    expect(loads).toBe(3);
    await settle();
    expect(await kit.cache.get('k:1')).toBe('outer of outer of inner');
  });

  it('of many: what is too old is asked for in one round trip, and only that is loaded', async () => {
    const { cache, clock, store } = createCacheKit();
    for (const key of ['k:1', 'k:2']) await cache.set(key, `old ${key}`);
    await clock.advance(5_000);
    await cache.set('k:3', 'young k:3');
    await cache.getMany(['k:1', 'k:2', 'k:3']);
    const before = store.countOf('read');
    const asked: string[][] = [];
    const results = await cache.getOrLoadMany(
      ['k:1', 'k:3', 'k:2', 'k:1'],
      async (missing: string[]) => (asked.push(missing), missing.map((key) => `new ${key}`)),
      { control: { maxAge: '1s' } },
    );
    expect(results).toEqual(['new k:1', 'young k:3', 'new k:2', 'new k:1']);
    expect([asked, store.countOf('read') - before]).toEqual([[['k:1', 'k:2']], 1]);
  });
});
