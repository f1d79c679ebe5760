import assert from 'node:assert';
import { describe, it } from '@jest/globals';
import fc from 'fast-check';
import type { AgentCache } from '../../src/core/cache.js';
import { createCacheKit } from '../support/cache-kit.js';
import { storableValue } from '../support/arbitraries.js';
import { unstorable, WRAPS } from '../support/unstorable.js';
import { orderOf, sharesNothing } from '../support/value-parts.js';

const RUNS = { numRuns: 400 };

/** What `cache` answers for a key that has been loaded, and by what it was answered. */
async function hit(cache: AgentCache, key: string): Promise<unknown> {
  return cache.getOrLoad(key, () => Promise.reject(new assert.AssertionError({ message: `${key} was loaded again` })));
}

describe('a hit', () => {
  it('equals the miss for any value of the contract, from memory and from the store, each time as a copy', async () => {
    const here = createCacheKit();
    const there = createCacheKit({}, here);
    let count = 0;
    await fc.assert(
      fc.asyncProperty(storableValue, async (value) => {
        const key = `value:${count++}`;
        assert.strictEqual(await here.cache.getOrLoad(key, async () => value), value);
        if (value === undefined) return;
        // The first from the store, which memory then holds.
        const hits: unknown[] = [];
        for (const { cache } of [here, here, here, there, there, there]) hits.push(await hit(cache, key));
        for (const [index, found] of hits.entries()) {
          assert.deepStrictEqual(found, value);
          assert.strictEqual(orderOf(found), orderOf(value));
          assert(hits.every((other, place) => place === index || sharesNothing(found, other)));
          assert(sharesNothing(found, value));
        }
      }),
      RUNS,
    );
  });

  it('is none for any other value: it is passed through as it is, refused, and loaded again', async () => {
    const { cache, events } = createCacheKit();
    const wraps = fc.array(fc.constantFrom(...WRAPS), { maxLength: 3 });
    let count = 0;
    await fc.assert(
      fc.asyncProperty(fc.nat(), storableValue, wraps, async (pick, beside, chosen) => {
        const all = unstorable('marker');
        const value = chosen.reduce((inner, wrap) => wrap(inner, beside), all[pick % all.length]);
        // What a loader answers is awaited, so that it is no Promise any more.
        if (value instanceof Promise) return;
        const key = `other:${count++}`;
        events.length = 0;
        for (let time = 0; time < 2; time++) {
          assert.strictEqual(await cache.getOrLoad(key, async () => value), value);
        }
        assert.strictEqual(events.filter(({ name }) => name === 'load').length, 2);
        assert.strictEqual(events.filter(({ name }) => name === 'refused').length, 2);
        assert.strictEqual(events.filter(({ name }) => name === 'set').length, 0);
      }),
      RUNS,
    );
  });
});
