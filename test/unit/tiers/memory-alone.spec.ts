import { describe, expect, it } from '@jest/globals';
import { composeCache } from '../../../src/composition/compose-cache.js';
import { openLocalStore } from '../../../src/composition/open-store.js';
import { CacheEventBus } from '../../../src/core/events.js';
import { resolveOptions } from '../../../src/core/policy/resolve-options.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';

describe('a cache that is in memory alone and has little room', () => {
  it('keeps what is used most, though it is served without asking the store', async () => {
    const clock = new FakeClock();
    const options = resolveOptions({ memory: { maxBytes: 100_000 } });
    const store = openLocalStore(options, clock);
    const { cache } = composeCache(options, { store, clock, events: new CacheEventBus() });
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
});
