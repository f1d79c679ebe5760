import { describe, expect, it } from '@jest/globals';
import { composeCache, type ComposedCache } from '../../../src/composition/compose-cache.js';
import { openLocalStore } from '../../../src/composition/open-store.js';
import { CacheEventBus } from '../../../src/core/events.js';
import type { ResolvedOptions } from '../../../src/core/policy/options.js';
import { resolveOptions } from '../../../src/core/policy/resolve-options.js';
import type { Clock } from '../../../src/core/ports/clock.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';

function open(options: ResolvedOptions, clock: Clock): ComposedCache {
  const surroundings = { clock, events: new CacheEventBus() };
  return composeCache(options, { ...surroundings, store: openLocalStore(options, surroundings) });
}

describe('a cache that is in memory alone and has little room', () => {
  it('keeps what is used most, though it is served without asking the store', async () => {
    const clock = new FakeClock();
    const options = resolveOptions({ memory: { maxBytes: 100_000 } });
    const { cache } = open(options, clock);
    const loads = new Map<string, number>();
    const ask = async (key: string): Promise<void> => {
      const load = (): Promise<string> => {
        loads.set(key, (loads.get(key) ?? 0) + 1);
        return Promise.resolve('x'.repeat(300));
      };
      await cache.getOrLoad(key, load, { ttl: '1h', tags: ['a', 'b'] });
      await clock.advance(1);
    };
    for (let count = 0; count < 300; count++) {
      await ask('hot');
      await ask(`cold:${count}`);
    }
    expect(loads.get('hot')).toBe(1);
  });

  it.each([{ maxBytes: 20_000 }, { maxEntries: 10 }])(
    'tells of what had to go, and of nothing else: %j',
    async (memory) => {
      const { cache } = open(resolveOptions({ memory }), new FakeClock());
      const evicted: string[] = [];
      cache.on('evict', ({ storageKey }) => {
        evicted.push(storageKey);
        // Whoever hears of it may use the cache.
        void cache.set('k:39', 'anew');
      });
      const keys = Array.from({ length: 40 }, (_, count) => `k:${count}`);
      for (const key of keys) {
        await cache.getOrLoad(key, async () => 'x'.repeat(300));
        await cache.get(key);
      }
      const found = await cache.getMany(keys);
      const gone = keys.filter((_, index) => found[index] === undefined);
      expect(gone.length).toBeGreaterThan(10);
      expect(evicted).toEqual(gone.map((key) => `agent-cache:${key}`));
    },
  );

  it('does not tell of versions', async () => {
    const { cache } = open(resolveOptions({ memory: { maxBytes: 20_000 } }), new FakeClock());
    const evicted: string[] = [];
    cache.on('evict', ({ storageKey }) => evicted.push(storageKey));
    for (let count = 0; count < 40; count++) await cache.invalidate({ tag: `t${count}` });
    expect(evicted).toEqual([]);
  });
});
