import { beforeEach, describe, expect, it } from '@jest/globals';
import { ENTRY_OVERHEAD_BYTES } from '../../../src/tiers/memory/lru-room.js';
import { MemoryStore } from '../../../src/tiers/memory/memory-store.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';

const HOUR = 3_600_000;

describe('a store in memory', () => {
  let clock: FakeClock;
  beforeEach(() => {
    clock = new FakeClock();
  });

  const open = (maxBytes: number, maxEntries?: number) => new MemoryStore({ maxBytes, maxEntries, clock });
  const put = (store: MemoryStore, key: string, bytes: number) =>
    store.set({ key, value: Buffer.alloc(bytes), ttlMs: HOUR });
  const keysOf = async (store: MemoryStore, keys: string[]) => {
    const reply = await store.getMany(keys);
    return reply.ok ? keys.filter((_, index) => reply.value[index]) : [];
  };
  const usedBytes = async (store: MemoryStore) => (await store.health()).memory.usedBytes;

  it('counts values, keys and what an entry takes besides', async () => {
    const store = open(10_000);
    await put(store, 'schlüssel', 100);
    expect(await usedBytes(store)).toBe(100 + 10 + ENTRY_OVERHEAD_BYTES);
    await store.delete(['schlüssel']);
    expect(await usedBytes(store)).toBe(0);
  });

  it('stays within its bytes, whatever is stored', async () => {
    const store = open(10_000);
    for (let count = 0; count < 1_000; count++) await put(store, `k${count}`, count % 700);
    expect(await usedBytes(store)).toBeLessThanOrEqual(10_000);
    await store.increment('n', 1, HOUR);
    await store.setIfAbsent({ key: 'x', value: Buffer.alloc(5_000), ttlMs: HOUR });
    expect(await usedBytes(store)).toBeLessThanOrEqual(10_000);
  });

  it('evicts what was used least recently first', async () => {
    const store = open(3 * (ENTRY_OVERHEAD_BYTES + 101));
    for (const key of ['a', 'b', 'c']) await put(store, key, 100);
    await store.get('a');
    await put(store, 'd', 100);
    expect(await keysOf(store, ['a', 'b', 'c', 'd'])).toEqual(['a', 'c', 'd']);
  });

  it('takes for used what was touched', async () => {
    const store = open(3 * (ENTRY_OVERHEAD_BYTES + 101));
    for (const key of ['a', 'b', 'c']) await put(store, key, 100);
    store.entries.touch('a');
    store.entries.touch('none');
    await put(store, 'd', 100);
    expect(await keysOf(store, ['a', 'b', 'c', 'd'])).toEqual(['a', 'c', 'd']);
  });

  it('tells what had to go for want of room, and nothing else', async () => {
    const evicted: string[] = [];
    const store = new MemoryStore({
      maxBytes: 10_000,
      maxEntries: 2,
      clock,
      onEvicted: (key) => void evicted.push(key),
    });
    for (const key of ['a', 'a', 'b', 'c']) await put(store, key, 1);
    await store.delete(['b']);
    await put(store, 'c', 50_000);
    await store.close();
    expect(evicted).toEqual(['a']);
  });

  it('gives versions an eighth of its room, which entries do not take from them, nor they from entries', async () => {
    const store = new MemoryStore({ maxBytes: 40_000, clock, versionPrefix: 'v:' });
    await put(store, 'v:first', 10);
    for (let count = 0; count < 200; count++) await put(store, `k${count}`, 10);
    expect(await keysOf(store, ['v:first', 'k0', 'k199'])).toEqual(['v:first', 'k199']);
    for (let count = 0; count < 200; count++) await put(store, `v:${count}`, 10);
    expect(await keysOf(store, ['v:first', 'v:199', 'k199'])).toEqual(['v:199', 'k199']);
    const { memory } = await store.health();
    expect(memory.usedBytes).toBeLessThanOrEqual(40_000);
    expect(memory.usedBytes).toBeGreaterThan(38_000);
    expect(await store.deleteMatching('v:*')).toMatchObject({ complete: true });
    expect(await keysOf(store, ['v:199', 'k199'])).toEqual(['k199']);
    await store.close();
    expect((await store.health()).memory.usedBytes).toBe(0);
  });

  it('stays within its number of entries', async () => {
    const store = open(1_000_000, 2);
    for (const key of ['a', 'b', 'c']) await put(store, key, 1);
    expect(await keysOf(store, ['a', 'b', 'c'])).toEqual(['b', 'c']);
  });

  it('takes a number of entries that can never be reached', async () => {
    const store = open(10_000, Number.MAX_SAFE_INTEGER);
    await put(store, 'a', 1);
    expect(await keysOf(store, ['a'])).toEqual(['a']);
  });

  it.each([0, 100])('keeps nothing within %i bytes, and does not claim that it does', async (maxBytes) => {
    const store = open(maxBytes);
    const write = { key: 'k', value: Buffer.alloc(1), ttlMs: HOUR };
    expect(await store.set(write)).toEqual({ ok: true, value: false });
    expect(await store.get('k')).toEqual({ ok: true, value: null });
    expect(await store.setMany([write])).toEqual({ ok: true, value: false });
    expect(await store.setIfAbsent(write)).toEqual({ ok: true, value: false });
    expect(await store.increment('n', 2, HOUR)).toEqual({ ok: false, reason: 'rejected' });
    expect(await store.delete(['k', 'n'])).toEqual({ ok: true, value: 0 });
    expect(await store.deleteMatching('*')).toEqual({ deleted: 0, complete: true });
    expect(await store.health()).toMatchObject({ connected: true, memory: { usedBytes: 0, maxBytes } });
  });

  it('forgets the old value when the new one does not fit', async () => {
    const store = open(5_000);
    await put(store, 'k', 10);
    await put(store, 'k', 5_000);
    expect(await store.get('k')).toEqual({ ok: true, value: null });
  });

  it('says that one of many was not kept', async () => {
    const store = open(5_000);
    const writes = [10, 5_000].map((size) => ({ key: `k${size}`, value: Buffer.alloc(size), ttlMs: HOUR }));
    expect(await store.setMany(writes)).toEqual({ ok: true, value: false });
    expect(await keysOf(store, ['k10', 'k5000'])).toEqual(['k10']);
  });

  it('refuses what it cannot copy', async () => {
    const value = new Uint8Array(8);
    structuredClone(value.buffer, { transfer: [value.buffer] });
    expect(await open(10_000).set({ key: 'k', value, ttlMs: HOUR })).toEqual({ ok: false, reason: 'rejected' });
  });

  describe('that deletes by a pattern', () => {
    const KEYS = 10_000;
    let store: MemoryStore;
    beforeEach(async () => {
      store = open(KEYS * 1_000);
      for (let count = 0; count < KEYS; count++) await put(store, `k${count}`, 1);
    });

    it('lets the event loop go on in between', async () => {
      const deleting = store.deleteMatching('k*');
      const left = await usedBytes(store);
      expect(left).toBeGreaterThan(0);
      expect(left).toBeLessThan(KEYS * ENTRY_OVERHEAD_BYTES);
      await clock.advance(0);
      expect(await deleting).toEqual({ deleted: KEYS, complete: true });
    });

    it('says that it did not come to an end when it is closed meanwhile', async () => {
      const deleting = store.deleteMatching('k*');
      await store.close();
      await clock.advance(0);
      expect(await deleting).toMatchObject({ complete: false });
    });
  });

  it('is not disturbed when the wall clock jumps', async () => {
    const store = open(10_000);
    await put(store, 'k', 1);
    clock.jump(10 * HOUR);
    expect(await keysOf(store, ['k'])).toEqual(['k']);
    clock.jump(-20 * HOUR);
    await clock.advance(HOUR);
    expect(await keysOf(store, ['k'])).toEqual([]);
  });

  it('does not count expired entries as deleted', async () => {
    const store = open(10_000);
    await put(store, 'k', 1);
    await clock.advance(HOUR);
    expect(await store.deleteMatching('*')).toEqual({ deleted: 0, complete: true });
  });

  it('keeps a small value without the pool that Node cut it from', async () => {
    const store = open(1_000_000);
    await store.set({ key: 'k', value: Buffer.from('small'), ttlMs: HOUR });
    const { kept } = store as unknown as { kept: { get(key: string): { value: Buffer } } };
    expect(kept.get('k').value.buffer.byteLength).toBe(5);
  });
});
