import { describe, expect, it } from '@jest/globals';
import type { EntryStore } from '../../../src/core/ports/entry-store.js';
import { createInstances, type CacheKit } from '../../support/cache-kit.js';

type ReadCall = Parameters<EntryStore['read']>;
type Reading = ReturnType<EntryStore['read']>;

type Kit = CacheKit & { readonly reads: ReadCall[] };

/**
 * An instance on a store in one place that holds `value:<key>` under each of `keys`, put there by another one. `answer`:
 * in place of the store's own.
 */
async function gatheringKit(keys: readonly string[], answer?: (...call: ReadCall) => Reading | null): Promise<Kit> {
  const [there, kit] = createInstances();
  for (const key of keys) await there.cache.set(key, `value:${key}`, { tags: [key] });
  const reads: ReadCall[] = [];
  const { entries } = kit.store;
  const read = entries.read.bind(entries);
  Object.assign(entries, {
    gather: (send: () => void) => process.nextTick(send),
    read(...call: ReadCall): Reading {
      reads.push(call);
      return answer?.(...call) ?? read(...call);
    },
  });
  return Object.assign(kit, { reads });
}

const names = (count: number, prefix = 'k'): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}:${index}`);

describe('reads of a store in one place', () => {
  it('of one turn are one read, in which the version of each group stands once', async () => {
    const { cache, reads } = await gatheringKit(['k:0', 'k:1', 'k:2']);
    const results = await Promise.all([
      cache.get('k:0', { tags: ['k:0'] }),
      cache.getOrLoad('k:1', () => Promise.resolve('loaded'), { tags: ['k:1'] }),
      Promise.resolve().then(() => cache.get('k:2', { tags: ['k:2'] })),
    ]);
    expect(results).toEqual(['value:k:0', 'value:k:1', 'value:k:2']);
    expect(reads.map(([entries]) => entries.length)).toEqual([3]);
    expect(reads[0]?.[1]).toHaveLength(1 + 3);
    expect(new Set(reads[0]?.[1]).size).toBe(1 + 3);
  });

  it('of different turns are reads of their own', async () => {
    const { cache, reads } = await gatheringKit(['k:0']);
    for (const key of ['k:0', 'k:1']) await cache.get(key, { tags: ['k:0'] });
    expect(reads).toHaveLength(2);
  });

  it('of many keys are several reads, and what is asked for together stays together', async () => {
    const { cache, reads } = await gatheringKit([]);
    const [small, large, rest] = [names(10, 'small'), names(40, 'large'), names(5, 'rest')];
    const results = await Promise.all([small, large, rest].map((keys) => cache.getMany(keys)));
    expect(reads.map(([entries]) => entries.length)).toEqual([10, 40, 5]);
    expect(results.map(({ length }) => length)).toEqual([10, 40, 5]);
  });

  it('give each caller the results of its own keys, in their order', async () => {
    const { cache } = await gatheringKit(names(9));
    const asked = [['k:3', 'k:1', 'none', 'k:2'], ['k:0'], ['none', 'k:8', 'k:7']];
    const results = await Promise.all(asked.map((keys) => cache.getMany(keys, { tags: [] })));
    expect(results).toEqual(asked.map((keys) => keys.map((key) => (key === 'none' ? undefined : `value:${key}`))));
  });

  it('are judged by the versions of their own groups: an entry without a tag that is named is no hit for who names it', async () => {
    const { cache } = await gatheringKit(['k:0', 'k:1']);
    const results = await Promise.all([cache.get('k:0', { tags: ['k:0'] }), cache.get('k:1', { tags: ['k:0'] })]);
    expect(results).toEqual(['value:k:0', undefined]);
  });

  it('let nobody wait for versions that another caller has not named', async () => {
    const hung = new Promise<never>(() => undefined);
    const { cache, reads } = await gatheringKit(['k:0', 'k:1'], (entryKeys) => (entryKeys.length === 0 ? hung : null));
    let isAnswered = false;
    void cache.get('k:0').then(() => (isAnswered = true));
    expect(await cache.get('k:1', { tags: ['k:1'] })).toBe('value:k:1');
    expect([isAnswered, reads.length]).toEqual([false, 2]);
  });

  it('fail together, each with an event of its own', async () => {
    const { cache, store, events } = await gatheringKit(['k:0', 'k:1']);
    store.fail('timeout', ['read']);
    expect(await Promise.all([cache.get('k:0'), cache.get('k:1')])).toEqual([undefined, undefined]);
    expect(events.filter(({ name }) => name === 'error')).toHaveLength(2);
  });
});

describe('a store that breaks its contract', () => {
  it.each<[string, () => Reading]>([
    ['answers nonsense', () => Promise.resolve({ ok: true, value: {} } as never)],
    ['rejects', () => Promise.reject(new Error('broken'))],
  ])('and %s makes misses, for all who asked', async (_, answer) => {
    const { cache } = await gatheringKit(['k:0', 'k:1'], answer);
    const load = (): Promise<string> => Promise.resolve('loaded');
    const results = await Promise.all(['k:0', 'k:0', 'k:1'].map((key) => cache.getOrLoad(key, load)));
    expect(results).toEqual(['loaded', 'loaded', 'loaded']);
  });
});
