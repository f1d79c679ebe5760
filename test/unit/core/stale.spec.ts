import { describe, expect, it } from '@jest/globals';
import type { CachePolicy } from '../../../src/core/policy/cache-policy.js';
import { createCacheKit, createInstances, deferred, settle, type CacheKit } from '../../support/cache-kit.js';

const POLICY = { ttl: '10s', grace: '10m' } as const satisfies CachePolicy<string>;
const SOFT = { ...POLICY, softTimeout: '100ms' } as const;

/** A cache that holds `k:1`, which is stale. */
async function staleKit(policy: CachePolicy<string> = POLICY, kit: CacheKit = createCacheKit()): Promise<CacheKit> {
  await kit.cache.set('k:1', 'old', policy);
  await kit.clock.advance(20_000);
  kit.events.length = 0;
  return kit;
}

/** A loader that fails and counts. */
function failing() {
  const self = { loads: 0, load: (): Promise<string> => (self.loads++, Promise.reject(new Error('down'))) };
  return self;
}

describe('a soft timeout', () => {
  it('serves what is stale once it has passed, and the load goes on and is stored', async () => {
    const { cache, clock, names } = await staleKit();
    const gate = deferred<string>();
    let result: string | undefined;
    void cache.getOrLoad('k:1', () => gate.promise, SOFT).then((value) => (result = value));
    await clock.advance(99);
    expect(result).toBeUndefined();
    await clock.advance(1);
    expect(result).toBe('old');
    expect(names()).toEqual(['miss', 'stale']);
    gate.resolve('new');
    await clock.advance(0);
    expect(await cache.get('k:1')).toBe('new');
    expect(names()).toEqual(['miss', 'stale', 'load', 'set', 'hit']);
  });

  it('of no time serves it at once; callers meanwhile share the load', async () => {
    const { cache, clock } = await staleKit();
    const gate = deferred<string>();
    let loads = 0;
    const load = () => cache.getOrLoad('k:1', () => (loads++, gate.promise), { ...POLICY, softTimeout: '0s' });
    expect([await load(), await load(), await load()]).toEqual(['old', 'old', 'old']);
    expect(loads).toBe(1);
    gate.resolve('new');
    await clock.advance(0);
    expect(await load()).toBe('new');
    expect(loads).toBe(1);
  });

  it('gives a load that is in time to the caller', async () => {
    const { cache, names } = await staleKit();
    expect(await cache.getOrLoad('k:1', async () => 'new', SOFT)).toBe('new');
    expect(names()).not.toContain('stale');
  });

  it('does not shorten a load where nothing is stale', async () => {
    const { cache, clock } = createCacheKit();
    const gate = deferred<string>();
    const loading = cache.getOrLoad('k:1', () => gate.promise, SOFT);
    await clock.advance(10_000);
    gate.resolve('new');
    expect(await loading).toBe('new');
  });

  it('serves nothing that was invalidated meanwhile, and waits for the load', async () => {
    const { cache, clock, names } = await staleKit({ ...POLICY, tags: ['t'] });
    const gate = deferred<string>();
    const loading = cache.getOrLoad('k:1', () => gate.promise, { ...SOFT, tags: ['t'] });
    await settle();
    await cache.invalidate({ tag: 't' });
    await clock.advance(1_000);
    gate.resolve('loaded');
    expect(await loading).toBe('loaded');
    expect(names()).not.toContain('stale');
  });

  it('serves what is stale also while another instance loads', async () => {
    const [here, there] = createInstances();
    await staleKit(POLICY, here);
    const gate = deferred<string>();
    const first = here.cache.getOrLoad('k:1', () => gate.promise, POLICY);
    await settle();
    const second = there.cache.getOrLoad('k:1', async () => 'a second load', SOFT);
    await there.clock.advance(100);
    expect(await second).toBe('old');
    gate.resolve('new');
    expect(await first).toBe('new');
    expect(await there.cache.get('k:1')).toBe('new');
  });

  it('and then a failure is a failure: the next call does not load', async () => {
    const { cache, clock } = await staleKit();
    const gate = deferred<string>();
    const first = cache.getOrLoad('k:1', () => gate.promise, SOFT);
    await clock.advance(100);
    expect(await first).toBe('old');
    gate.reject(new Error('down'));
    await settle();
    const next = failing();
    expect(await cache.getOrLoad('k:1', next.load, SOFT)).toBe('old');
    expect(next.loads).toBe(0);
  });
});

describe('grace', () => {
  it.each([
    ['the policy has none', { ttl: '10s' }],
    ['the caller wants nothing of that age', { ...POLICY, control: { maxAge: '5s' } }],
    ['the caller wants it loaded anew', { ...POLICY, control: { refresh: true } }],
  ] as const)('serves nothing where %s, and shows the loader nothing', async (_why, policy) => {
    const { cache, names } = await staleKit();
    let stale: unknown = 'not asked';
    const loading = cache.getOrLoad<string>(
      'k:1',
      (load) => {
        stale = load.stale;
        return Promise.reject(new Error('down'));
      },
      policy,
    );
    await expect(loading).rejects.toThrow('down');
    expect(stale).toBeUndefined();
    expect(names()).toEqual(['miss', 'load']);
  });

  it('shows the loader a copy of what it may serve', async () => {
    const { cache, clock } = createCacheKit();
    await cache.set('k:1', { n: 1 }, POLICY);
    await clock.advance(20_000);
    const result = cache.getOrLoad(
      'k:1',
      (load) => {
        (load.stale as { n: number }).n = 2;
        return Promise.reject(new Error('down'));
      },
      POLICY,
    );
    expect(await result).toEqual({ n: 1 });
    expect(cache.outcomeOf(await result)).toMatchObject({ status: 'stale', ageMs: 20_000, tier: 'memory' });
  });

  it('ends with the age that the reader names, though the store has it longer', async () => {
    const { cache } = await staleKit();
    const loading = cache.getOrLoad('k:1', failing().load, { ...POLICY, grace: '9s' });
    await expect(loading).rejects.toThrow('down');
  });
});

describe('a loader that fails while something stale is served', () => {
  it('is not asked for a second, then for twice as long with every failure, up to half a minute', async () => {
    const { cache, clock } = await staleKit();
    const down = failing();
    const startedAt = clock.monotonicNow();
    const loadedAt: number[] = [];
    for (let ms = 0; ms < 100_000; ms += 500) {
      const before = down.loads;
      expect(await cache.getOrLoad('k:1', down.load, POLICY)).toBe('old');
      if (down.loads > before) loadedAt.push((clock.monotonicNow() - startedAt) / 1_000);
      await clock.advance(500);
    }
    expect(loadedAt).toEqual([0, 1, 3, 7, 15, 31, 61, 91]);
  });

  it('counts once, however many have waited for it', async () => {
    const { cache, clock } = await staleKit();
    const gate = deferred<string>();
    const waiting = Array.from({ length: 20 }, () => cache.getOrLoad('k:1', () => gate.promise, POLICY));
    await settle();
    gate.reject(new Error('down'));
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['old']));
    await clock.advance(1_000);
    expect(await cache.getOrLoad('k:1', async () => 'new', POLICY)).toBe('new');
  });

  it('begins anew after a success', async () => {
    const { cache, clock } = await staleKit();
    const down = failing();
    await cache.getOrLoad('k:1', down.load, POLICY);
    await clock.advance(1_000);
    await cache.getOrLoad('k:1', down.load, POLICY);
    await clock.advance(2_000);
    expect(await cache.getOrLoad('k:1', async () => 'good', POLICY)).toBe('good');
    await clock.advance(10_000);
    await cache.getOrLoad('k:1', down.load, POLICY);
    await clock.advance(1_000);
    await cache.getOrLoad('k:1', down.load, POLICY);
    expect(down.loads).toBe(4);
  });

  it('is asked at once where nothing may be served, and by who wants it loaded anew', async () => {
    const { cache } = await staleKit();
    const down = failing();
    await cache.getOrLoad('k:1', down.load, POLICY);
    for (const policy of [{ ttl: '10s' }, { ...POLICY, control: { refresh: true } }] as const) {
      await expect(cache.getOrLoad('k:1', down.load, policy)).rejects.toThrow('down');
    }
    for (let n = 0; n < 2; n++) await expect(cache.getOrLoad('k:2', down.load, POLICY)).rejects.toThrow('down');
    expect(down.loads).toBe(5);
  });

  it('in a batch with a key that has nothing stale is no success for the others', async () => {
    const { cache } = await staleKit();
    await cache.getOrLoad('k:1', failing().load, POLICY);
    const batch = cache.getOrLoadMany<string, string>(['k:1', 'k:2'], () => Promise.reject(new Error('down')), POLICY);
    await expect(batch).rejects.toThrow('down');
    const next = failing();
    await cache.getOrLoad('k:1', next.load, POLICY);
    expect(next.loads).toBe(0);
  });

  it('is not one that was given up by all who waited', async () => {
    const { cache } = await staleKit();
    const controller = new AbortController();
    const loading = cache.getOrLoad(
      'k:1',
      ({ signal }) =>
        new Promise<string>((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted')))),
      { ...POLICY, signal: controller.signal },
    );
    await settle();
    controller.abort();
    await expect(loading).rejects.toThrow('aborted');
    expect(await cache.getOrLoad('k:1', async () => 'new', POLICY)).toBe('new');
  });
});
