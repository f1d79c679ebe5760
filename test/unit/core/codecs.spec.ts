import { describe, expect, it } from '@jest/globals';
import type { ValueCodec } from '../../../src/core/ports/codec.js';
import { createCacheKit, createInstances, deferred, settle } from '../../support/cache-kit.js';

class Money {
  constructor(readonly cents: number) {}
}

/** Keeps `Money`, as text. */
const money: ValueCodec = {
  encode: (value) => ({ ok: true, encoded: { format: 'money', bytes: Buffer.from(String((value as Money).cents)) } }),
  decode: ({ format, bytes }) =>
    format === 'money' ? { ok: true, value: new Money(Number(bytes)) } : { ok: false, reason: 'not money' },
  copy: (value) => new Money((value as Money).cents),
};
const policy = { codec: money };
const throwing = (): never => {
  throw new Error('a mistake of the codec');
};

describe('a codec of the policy', () => {
  it('keeps what the cache`s own could not: for who waits, from the store and from memory', async () => {
    const { cache } = createCacheKit();
    const gate = deferred<Money>();
    const get = () => cache.getOrLoad('k:1', () => gate.promise, policy);
    const waiting = [get(), get()];
    await settle();
    gate.resolve(new Money(5));
    const results = [...(await Promise.all(waiting)), await get(), await get()];
    for (const result of results) expect(result).toEqual(new Money(5));
    expect(new Set(results).size).toBe(4);
    expect(results.map((result) => cache.outcomeOf(result)?.status)).toEqual(['miss', 'miss', 'hit', 'hit']);
  });

  it('is the one who reads: what another one has written is a miss, held in memory or not', async () => {
    const { cache } = createCacheKit();
    await cache.set('k:1', new Money(5), policy);
    expect(await cache.get('k:1', policy)).toEqual(new Money(5));
    expect(await cache.get('k:1')).toBeUndefined();
    await cache.set('k:1', 'text');
    expect(await cache.get('k:1')).toBe('text');
    expect(await cache.get('k:1', policy)).toBeUndefined();
  });

  it('gives a key that stands twice in a batch two copies, of which each tells how it came about', async () => {
    const { cache } = createCacheKit();
    const results = await cache.getOrLoadMany(['k:1', 'k:1'], async () => [new Money(5)], policy);
    expect(results).toEqual([new Money(5), new Money(5)]);
    expect(results[0]).not.toBe(results[1]);
    expect(results.map((result) => cache.outcomeOf(result))).toMatchObject([{ status: 'miss' }, { status: 'miss' }]);
  });

  it.each(['encode', 'decode', 'copy'] as const)(
    'that throws in %s costs hits, and no caller an error',
    async (method) => {
      const [here, there] = createInstances();
      const broken = { codec: { ...money, [method]: throwing } };
      const gate = deferred<void>();
      let loads = 0;
      const get = () => here.cache.getOrLoad('k:1', () => gate.promise.then(() => new Money(++loads)), broken);
      const waiting = [get(), get(), there.cache.getOrLoad('k:1', async () => new Money(9), broken)];
      await settle();
      gate.resolve();
      await here.clock.advance(100);
      for (const result of await Promise.all(waiting)) expect(result).toBeInstanceOf(Money);
      for (let n = 0; n < 2; n++) expect(await get()).toBeInstanceOf(Money);
      await expect(there.cache.getMany(['k:1', 'k:1'], broken)).resolves.toHaveLength(2);
      expect(await here.cache.set('k:1', new Money(1), broken)).toBe(method !== 'encode');
    },
  );
});
