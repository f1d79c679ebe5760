import { beforeEach, describe, expect, it } from '@jest/globals';
import { fingerprintOf, type LeaseRequest } from '../../../src/core/ports/entry-store.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';
import { ENTRY_OVERHEAD_BYTES } from '../../../src/tiers/memory/lru-room.js';
import { MemoryStore } from '../../../src/tiers/memory/memory-store.js';

const HOUR = 3_600_000;
const STAMP = '0123456789abcdef';
const ok = <T>(value: T) => ({ ok: true, value });
const bytes = (text: string): Buffer => Buffer.from(text);
/** 22 characters, as tokens have. */
const token = (name: string): string => name.padEnd(22, '_');

describe('entries of a store in memory', () => {
  let clock: FakeClock;
  let store: MemoryStore;
  let told: string[][];

  const open = (maxBytes = 1_000_000, maxEntries?: number): void => {
    clock = new FakeClock();
    store = new MemoryStore({ maxBytes, maxEntries, clock });
    told = [];
    store.changes.listen({ changed: (keys) => void told.push([...keys]), lost: () => void told.push(['lost']) });
  };
  beforeEach(() => open());

  const put = (key: string, value: string, ttlMs = HOUR) => store.set({ key, value: bytes(value), ttlMs });
  const lease = (name: string, request: Partial<LeaseRequest> = {}) =>
    store.entries.lease([
      { key: 'k', token: token(name), stamp: STAMP, seen: null, holdMs: 2_000, ttlMs: 60_000, ...request },
    ]);
  const publish = (name: string, value: string, ttlMs = HOUR) =>
    store.entries.publish([{ key: 'k', token: token(name), value: bytes(value), ttlMs }]);
  const release = (name: string) => store.entries.release([{ key: 'k', token: token(name) }]);
  const read = async (withTtl = false) => {
    const reply = await store.entries.read(['k'], [], { withTtl });
    return reply.ok ? reply.value.entries[0] : reply;
  };
  const leaseOf = (older: string | null) => ({ bytes: older === null ? null : bytes(older), lease: token('one') });

  describe('a lease without an older entry', () => {
    beforeEach(() => lease('one'));

    it('is no value', async () => {
      expect(await store.get('k')).toEqual(ok(null));
      expect(await store.getMany(['k', 'k'])).toEqual(ok([null, null]));
      expect(await store.entries.read([], ['k'], { withTtl: false })).toEqual(ok({ entries: [], versions: [null] }));
      expect(await read(true)).toEqual({ ...leaseOf(null), ttlLeftMs: 60_000 });
    });

    it('is a key like any other', async () => {
      expect(await store.setIfAbsent({ key: 'k', value: bytes('v'), ttlMs: HOUR })).toEqual(ok(false));
      expect(await store.increment('k', 1, HOUR)).toEqual({ ok: false, reason: 'rejected' });
      expect(await read()).toMatchObject(leaseOf(null));
    });

    it('takes room like an entry', async () => {
      expect((await store.health()).memory.usedBytes).toBe(ENTRY_OVERHEAD_BYTES + 'k'.length + 22 + 16);
      await release('one');
      expect((await store.health()).memory.usedBytes).toBe(0);
    });

    it('can be evicted, and then nothing is published under it', async () => {
      open(1_000_000, 2);
      await lease('one');
      await put('a', '1');
      await put('b', '2');
      expect(told.at(-1)).toEqual(['k', 'b']);
      expect(await publish('one', 'v')).toEqual(ok(['lost']));
    });

    it('ends with its time, and nothing is published under it then', async () => {
      await clock.advance(59_999);
      expect(await read(true)).toBeNull();
      await clock.advance(1);
      expect(await publish('one', 'v')).toEqual(ok(['lost']));
    });

    it('is no load that is under way when its holder has not asked again, but may still publish', async () => {
      await clock.advance(2_000);
      expect(await read()).toBeNull();
      expect(await publish('one', 'v')).toEqual(ok(['stored']));
    });

    it('is given more time to live', async () => {
      await store.extend(['k'], HOUR);
      await clock.advance(HOUR - 1);
      expect(await publish('one', 'v')).toEqual(ok(['stored']));
    });
  });

  describe('a lease beside an older entry', () => {
    beforeEach(async () => {
      await put('k', 'old', 10_000);
      await lease('one', { seen: fingerprintOf(bytes('old')) });
    });

    it('leaves it to be read, for as long as it had', async () => {
      expect(await store.get('k')).toEqual(ok(bytes('old')));
      expect(await read(true)).toEqual({ ...leaseOf('old'), ttlLeftMs: 10_000 });
      await clock.advance(10_000);
      expect(await store.get('k')).toEqual(ok(null));
      expect(await publish('one', 'new')).toEqual(ok(['stored']));
    });

    it('leaves it when the lease is released, for as long as it had', async () => {
      await clock.advance(1_000);
      await release('one');
      expect(await read(true)).toEqual({ bytes: bytes('old'), lease: null, ttlLeftMs: 9_000 });
      expect(await publish('one', 'new')).toEqual(ok(['lost']));
    });

    it('leaves it when the time of the lease is over', async () => {
      await store.extend(['k'], HOUR);
      await lease('one', { ttlMs: 1_000 });
      await clock.advance(1_000);
      expect(await read()).toEqual({ bytes: bytes('old'), lease: null, ttlLeftMs: null });
      expect(await publish('one', 'new')).toEqual(ok(['lost']));
    });

    it('shares no memory with those who read', async () => {
      const entry = await read();
      if (entry && 'bytes' in entry) entry.bytes?.fill('x');
      expect(await store.get('k')).toEqual(ok(bytes('old')));
    });
  });

  describe.each([
    ['deleted', () => store.delete(['k']), null],
    ['overwritten', () => put('k', 'other'), 'other'],
    ['found by a pattern', () => store.deleteMatching('k*'), null],
    ['counted up', () => store.increment('k', 1, HOUR), '8'],
    ['published by another who took it over', () => takeOver(), 'theirs'],
  ])('a lease whose key was %s', (_, change, left) => {
    const older = '7';
    beforeEach(async () => {
      await put('k', older);
      await lease('one', { seen: fingerprintOf(bytes(older)) });
      await change();
    });

    it('is gone: nothing is published under it, and nothing released', async () => {
      expect(await publish('one', 'late')).toEqual(ok(['lost']));
      await release('one');
      expect(await store.get('k')).toEqual(ok(left === null ? null : bytes(left)));
    });
  });

  async function takeOver(): Promise<void> {
    await lease('two', { seen: 'any' });
    await publish('two', 'theirs');
  }

  it('loses a repeated publication over which another has taken a lease, as in Redis', async () => {
    await lease('one');
    await publish('one', 'mine');
    await lease('two', { seen: fingerprintOf(bytes('mine')) });
    expect(await publish('one', 'mine')).toEqual(ok(['lost']));
    expect(await publish('two', 'theirs')).toEqual(ok(['stored']));
  });

  it('counts a key that is only leased as deleted', async () => {
    await lease('one');
    expect(await store.deleteMatching('k')).toEqual({ deleted: 1, complete: true });
    await lease('one');
    expect(await store.delete(['k'])).toEqual(ok(1));
  });

  describe('what is told', () => {
    const during = async (work: () => Promise<unknown>): Promise<string[][]> => {
      const before = told.length;
      const working = work();
      const meanwhile = told.slice(before);
      await working;
      expect(told.slice(before)).toEqual(meanwhile);
      return meanwhile;
    };

    it('is every mutation, before the call is answered', async () => {
      expect(await during(() => put('k', 'v'))).toEqual([['k']]);
      expect(await during(() => store.get('k'))).toEqual([]);
      expect(await during(() => store.setIfAbsent({ key: 'k', value: bytes('v'), ttlMs: 1 }))).toEqual([]);
      expect(await during(() => store.setIfAbsent({ key: 'n', value: bytes('1'), ttlMs: 1 }))).toEqual([['n']]);
      expect(await during(() => store.increment('n', 1, HOUR))).toEqual([['n']]);
      expect(await during(() => store.increment('k', 1, HOUR))).toEqual([]);
      expect(await during(() => store.extend(['k', 'none'], HOUR))).toEqual([['k']]);
      expect(await during(() => store.delete(['k', 'none']))).toEqual([['k', 'none']]);
      expect(await during(() => lease('one'))).toEqual([['k']]);
      expect(await during(() => lease('two'))).toEqual([]);
      expect(await during(() => lease('one'))).toEqual([['k']]);
      expect(await during(() => release('two'))).toEqual([]);
      expect(await during(() => publish('two', 'v'))).toEqual([]);
      expect(await during(() => publish('one', 'v'))).toEqual([['k']]);
      expect(await during(() => lease('two'))).toEqual([]);
      expect(await during(() => lease('two', { seen: 'any' }))).toEqual([['k']]);
      expect(await during(() => release('two'))).toEqual([['k']]);
      const ensure = () => store.entries.ensureVersions([{ key: 'v', value: bytes('t'), ttlMs: HOUR }]);
      expect(await during(ensure)).toEqual([['v']]);
      expect(await during(ensure)).toEqual([]);
      expect(await during(() => store.deleteMatching('?'))).toEqual([['n', 'k', 'v']]);
    });

    it('is every eviction', async () => {
      open(1_000_000, 2);
      await put('a', '1');
      await put('b', '2');
      expect(await during(() => put('c', '3'))).toEqual([['a', 'c']]);
    });

    it('is an expiry when it is noticed', async () => {
      await put('k', 'v', 1_000);
      await clock.advance(1_000);
      expect(await during(() => read())).toEqual([['k']]);
      expect(await during(() => read())).toEqual([]);
    });

    it('is that an older entry has expired beside its lease', async () => {
      await put('k', 'v', 1_000);
      await lease('one', { seen: fingerprintOf(bytes('v')) });
      await clock.advance(1_000);
      expect(await during(() => read())).toEqual([['k']]);
      expect(await read()).toMatchObject(leaseOf(null));
    });

    it('is a deletion by a pattern, step by step', async () => {
      open(10_000_000);
      for (let count = 0; count < 9_000; count++) await put(`k${count}`, 'v');
      told = [];
      const deleting = store.deleteMatching('*');
      expect(told.flat().length).toBeGreaterThan(0);
      expect(told.flat().length).toBeLessThan(9_000);
      await clock.advance(0);
      await deleting;
      expect(new Set(told.flat()).size).toBe(9_000);
    });

    it('comes when the store is in order again: a listener may ask it', async () => {
      const seen: unknown[] = [];
      const stop = store.changes.listen({
        changed: ([key]) => void store.get(key as string).then((reply) => seen.push(reply)),
        lost: () => undefined,
      });
      await put('k', 'v');
      stop();
      await put('k', 'w');
      expect(seen).toEqual([ok(bytes('v'))]);
    });

    it('reaches the others, and the caller his answer, when a listener throws', async () => {
      store.changes.listen({
        changed: () => {
          throw new Error('a listener of the app');
        },
        lost: () => undefined,
      });
      const last: string[] = [];
      store.changes.listen({ changed: (keys) => void last.push(...keys), lost: () => undefined });
      expect(await put('k', 'v')).toEqual(ok(true));
      expect(last).toEqual(['k']);
    });

    it('is all there is to know, until the store is closed', async () => {
      expect(store.changes.isFresh(0)).toBe(true);
      expect(await store.changes.settled()).toBe(true);
      await put('k', 'v');
      told = [];
      await store.close();
      await store.close();
      expect(told).toEqual([['lost']]);
      expect(store.changes.isFresh(0)).toBe(false);
      expect(await store.changes.settled()).toBe(false);
    });
  });

  describe('without room', () => {
    it('keeps nothing, and says so of what is published', async () => {
      open(0);
      const version = { key: 'v', value: bytes('t'), ttlMs: HOUR };
      expect(await store.entries.ensureVersions([version])).toEqual(ok(['t']));
      expect(await lease('one')).toEqual({ ok: false, reason: 'rejected' });
      expect(await publish('one', 'v')).toEqual(ok(['too-large']));
      expect(await read()).toBeNull();
    });

    it('for one entry says that it is too large, and the older one is gone with its lease', async () => {
      open(2_000);
      await put('k', 'old');
      await lease('one', { seen: 'any' });
      expect(await publish('one', 'x'.repeat(5_000))).toEqual(ok(['too-large']));
      expect(await read()).toBeNull();
      expect(await publish('one', 'small')).toEqual(ok(['lost']));
    });
  });
});
