import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { escapeGlob } from '../../src/core/glob.js';
import type { Store, StoreMode } from '../../src/core/ports/store.js';

export interface StoreUnderTest {
  readonly store: Store;
  /** Lets `ms` milliseconds pass for the store. */
  elapse(ms: number): Promise<void>;
  /** Closes the store and removes what it kept. */
  dispose(): Promise<void>;
}

const HOUR = 3_600_000;
const bytes = (text: string): Buffer => Buffer.from(text);
const ok = <T>(value: T) => ({ ok: true, value });
const unavailable = (reason: string) => ({ ok: false, reason });

const KEYS = {
  'a space and a newline': 'a b\nc',
  'glob characters': 'user:*?[a-z]^\\',
  'an open bracket': 'user:[',
  emoji: 'smile:😀👩‍👩‍👧',
  'ten kilobytes': `long:${'x'.repeat(10_240)}`,
  'a hash tag': '{tag}:a',
  'an empty hash tag': '{}:a',
  'a nul character': 'a\0b',
  __proto__: '__proto__',
};

/** What every store promises; the same tests for all of them. */
export function describeStore(mode: StoreMode, open: () => Promise<StoreUnderTest>): void {
  describe(`a store in ${mode} mode`, () => {
    let opened: StoreUnderTest;
    let store: Store;

    beforeEach(async () => {
      opened = await open();
      store = opened.store;
    });
    afterEach(() => opened.dispose());

    const put = (key: string, value = 'v', ttlMs = HOUR) => store.set({ key, value: bytes(value), ttlMs });

    it('says how it works', () => {
      expect(store.mode).toBe(mode);
      expect(store.isAvailable).toBe(true);
    });

    describe('get and set', () => {
      it('answers null for a key that was never set', async () => {
        expect(await store.get('k')).toEqual(ok(null));
      });

      it.each(Object.entries(KEYS))('keeps a value under a key with %s, and under no other', async (_what, key) => {
        await put('k', 'other');
        expect(await put(key, 'mine')).toEqual(ok(true));
        expect(await store.get(key)).toEqual(ok(bytes('mine')));
        expect(await store.getMany(['k', key])).toEqual(ok([bytes('other'), bytes('mine')]));
      });

      it.each([
        ['no bytes', Buffer.alloc(0)],
        ['every byte', Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))],
        ['a megabyte', Buffer.alloc(1_048_576, 'agent')],
      ])('brings %s back unchanged', async (_what, value) => {
        await store.set({ key: 'k', value, ttlMs: HOUR });
        const reply = await store.get('k');
        expect(reply.ok && reply.value?.equals(value)).toBe(true);
      });

      it('takes a view on a part of a byte array', async () => {
        const value = new Uint8Array([1, 2, 3, 4]).subarray(1, 3);
        await store.set({ key: 'k', value, ttlMs: HOUR });
        expect(await store.get('k')).toEqual(ok(Buffer.from([2, 3])));
      });

      it('shares no memory with those who store', async () => {
        const given = bytes('abc');
        await store.set({ key: 'k', value: given, ttlMs: HOUR });
        given.fill('x');
        expect(await store.get('k')).toEqual(ok(bytes('abc')));
      });

      it('shares no memory with those who read', async () => {
        await put('k', 'abc');
        for (const reply of [await store.get('k'), await store.get('k')]) {
          if (reply.ok) reply.value?.fill('x');
        }
        const many = await store.getMany(['k']);
        if (many.ok) many.value[0]?.fill('y');
        expect(await store.get('k')).toEqual(ok(bytes('abc')));
      });

      it('forgets a value when its time to live is over, and not before', async () => {
        await put('short', 'v', 1_000);
        await put('long', 'v', HOUR);
        await opened.elapse(100);
        expect(await store.get('short')).toEqual(ok(bytes('v')));
        await opened.elapse(1_000);
        expect(await store.getMany(['short', 'long'])).toEqual(ok([null, bytes('v')]));
      });

      it('replaces the value and its time to live', async () => {
        await put('k', 'first', 50);
        await put('k', 'second', HOUR);
        await opened.elapse(200);
        expect(await store.get('k')).toEqual(ok(bytes('second')));
      });

      it('does not prolong the time to live when a value is read', async () => {
        await put('k', 'v', 500);
        await opened.elapse(300);
        await store.get('k');
        await opened.elapse(300);
        expect(await store.get('k')).toEqual(ok(null));
      });
    });

    describe('extend', () => {
      it('lengthens a time to live and leaves the value', async () => {
        await put('k', 'v', 40);
        expect(await store.extend(['k', 'absent'], HOUR)).toEqual(ok(true));
        await opened.elapse(50);
        expect(await store.getMany(['k', 'absent'])).toEqual(ok([bytes('v'), null]));
        expect(await store.extend([], HOUR)).toEqual(ok(true));
      });
    });

    describe('many at once', () => {
      it('answers in the order of the keys, with duplicates and gaps', async () => {
        await store.setMany([
          { key: 'a', value: bytes('1'), ttlMs: HOUR },
          { key: 'b', value: bytes('2'), ttlMs: HOUR },
        ]);
        expect(await store.getMany(['b', 'x', 'a', 'b'])).toEqual(ok([bytes('2'), null, bytes('1'), bytes('2')]));
      });

      it('takes none and answers none', async () => {
        expect(await store.getMany([])).toEqual(ok([]));
        expect(await store.setMany([])).toEqual(ok(true));
        expect(await store.setManyOnce([])).toEqual(ok(true));
        expect(await store.delete([])).toEqual(ok(0));
      });

      it.each(['setMany', 'setManyOnce'] as const)('keeps each value for its own time to live: %s', async (method) => {
        await store[method]([
          { key: 'a', value: bytes('1'), ttlMs: 40 },
          { key: 'b', value: bytes('2'), ttlMs: HOUR },
        ]);
        await opened.elapse(200);
        expect(await store.getMany(['a', 'b'])).toEqual(ok([null, bytes('2')]));
      });

      it('keeps a thousand values apart', async () => {
        const keys = Array.from({ length: 1_000 }, (_, index) => `k${index}`);
        expect(await store.setMany(keys.map((key) => ({ key, value: bytes(key), ttlMs: HOUR })))).toEqual(ok(true));
        const reply = await store.getMany(keys);
        expect(reply.ok && reply.value.map(String)).toEqual(keys);
      });
    });

    describe('setIfAbsent', () => {
      it('writes once, and leaves a value that is there', async () => {
        expect(await store.setIfAbsent({ key: 'k', value: bytes('1'), ttlMs: HOUR })).toEqual(ok(true));
        expect(await store.setIfAbsent({ key: 'k', value: bytes('2'), ttlMs: HOUR })).toEqual(ok(false));
        expect(await store.get('k')).toEqual(ok(bytes('1')));
      });

      it('lets one of many who try at once win', async () => {
        const tries = Array.from({ length: 20 }, (_, index) => ({ key: 'k', value: bytes(`${index}`), ttlMs: HOUR }));
        const replies = await Promise.all(tries.map((write) => store.setIfAbsent(write)));
        expect(replies.filter((reply) => reply.ok && reply.value)).toHaveLength(1);
      });

      it('sets a time to live, after which the key is absent again', async () => {
        await store.setIfAbsent({ key: 'k', value: bytes('1'), ttlMs: 40 });
        await opened.elapse(200);
        expect(await store.setIfAbsent({ key: 'k', value: bytes('2'), ttlMs: HOUR })).toEqual(ok(true));
      });
    });

    describe('delete', () => {
      it('answers how many of the keys there were', async () => {
        await put('a');
        await put('b');
        expect(await store.delete(['a', 'x', 'a', 'b'])).toEqual(ok(2));
        expect(await store.getMany(['a', 'b'])).toEqual(ok([null, null]));
      });

      it('does not count what has expired', async () => {
        await put('a', 'v', 30);
        await opened.elapse(200);
        expect(await store.delete(['a'])).toEqual(ok(0));
      });
    });

    describe('increment', () => {
      it('begins at 0 and adds up, down as well', async () => {
        expect(await store.increment('n', 5, HOUR)).toEqual(ok(5));
        expect(await store.increment('n', -7, HOUR)).toEqual(ok(-2));
        expect(await store.get('n')).toEqual(ok(bytes('-2')));
      });

      it('loses no increment among many at once', async () => {
        await Promise.all(Array.from({ length: 100 }, () => store.increment('n', 1, HOUR)));
        expect(await store.increment('n', 0, HOUR)).toEqual(ok(100));
      });

      it('counts the time to live from the first increment', async () => {
        await store.increment('n', 1, 1_000);
        await opened.elapse(100);
        expect(await store.increment('n', 1, HOUR)).toEqual(ok(2));
        await opened.elapse(1_000);
        expect(await store.get('n')).toEqual(ok(null));
      });

      it('keeps the time to live of a value that was set', async () => {
        await put('n', '41', 1_000);
        expect(await store.increment('n', 1, HOUR)).toEqual(ok(42));
        await opened.elapse(1_100);
        expect(await store.get('n')).toEqual(ok(null));
      });

      it.each(['abc', '', '1.5', ' 1', '1e3', '0x10', '-0', '007', '9'.repeat(30)])(
        'rejects the value %j and leaves it',
        async (value) => {
          await put('n', value);
          expect(await store.increment('n', 1, HOUR)).toEqual(unavailable('rejected'));
          expect(await store.get('n')).toEqual(ok(bytes(value)));
        },
      );

      it('rejects a sum that is no safe integer and leaves the value', async () => {
        await put('n', String(Number.MAX_SAFE_INTEGER - 1));
        expect(await store.increment('n', 1, HOUR)).toEqual(ok(Number.MAX_SAFE_INTEGER));
        expect(await store.increment('n', 1, HOUR)).toEqual(unavailable('rejected'));
        expect(await store.get('n')).toEqual(ok(bytes(String(Number.MAX_SAFE_INTEGER))));
        await put('m', String(Number.MIN_SAFE_INTEGER));
        expect(await store.increment('m', -1, HOUR)).toEqual(unavailable('rejected'));
      });

      it.each(['9007199254740992', '9007199254740993', '-9007199254740992'])(
        'rejects the value %s, which is no safe integer, whatever is added, and leaves it',
        async (value) => {
          await put('n', value);
          for (const by of [-5, -1, 0, 1, 5]) {
            expect(await store.increment('n', by, HOUR)).toEqual(unavailable('rejected'));
          }
          expect(await store.get('n')).toEqual(ok(bytes(value)));
        },
      );
    });

    describe('deleteMatching', () => {
      const names = ['u:1:a', 'u:1:b', 'u:10:a', 'u:*:a', 'u:[1]:a', 'u:1', 'w:1:a', 'u:a-c:a', 'u:b:a'];
      const left = async () => {
        const reply = await store.getMany(names);
        return reply.ok ? names.filter((_, index) => reply.value[index]) : [];
      };

      beforeEach(async () => {
        for (const name of names) await put(name);
      });

      it.each([
        ['u:1:*', ['u:1:a', 'u:1:b']],
        ['u:1?:*', ['u:10:a']],
        ['*:a', ['u:1:a', 'u:10:a', 'u:*:a', 'u:[1]:a', 'w:1:a', 'u:a-c:a', 'u:b:a']],
        ['[vw]:*', ['w:1:a']],
        ['[^u]:*', ['w:1:a']],
        ['u:[a-c]:*', ['u:b:a']],
        ['u:[c-a]:*', ['u:b:a']],
        ['u:\\*:*', ['u:*:a']],
        [`u:${escapeGlob('*')}:*`, ['u:*:a']],
        [`u:${escapeGlob('[1]')}:*`, ['u:[1]:a']],
        [`u:${escapeGlob('a-c')}:*`, ['u:a-c:a']],
        ['u:1', ['u:1']],
        ['U:1', []],
        ['nothing:*', []],
        ['*', names],
      ])('deletes exactly what %s means', async (pattern, gone) => {
        expect(await store.deleteMatching(pattern)).toEqual({ deleted: gone.length, complete: true });
        expect(await left()).toEqual(names.filter((name) => !gone.includes(name)));
      });

      it.each(Object.entries(KEYS))('finds a key with %s by its escaped text, and no other', async (_what, key) => {
        await put(`id:${key}:x`);
        await put(`id:${key}0:x`);
        expect(await store.deleteMatching(`id:${escapeGlob(key)}:*`)).toEqual({ deleted: 1, complete: true });
        expect(await store.get(`id:${key}0:x`)).toEqual(ok(bytes('v')));
      });

      it('deletes thousands of keys and none of the others', async () => {
        const keys = Array.from({ length: 2_500 }, (_, index) => `bulk:${index}`);
        await store.setMany(keys.map((key) => ({ key, value: bytes('v'), ttlMs: HOUR })));
        expect(await store.deleteMatching('bulk:*')).toEqual({ deleted: 2_500, complete: true });
        expect(await left()).toEqual(names);
      });
    });

    describe('health', () => {
      it('tells mode, connection, latency and memory', async () => {
        await put('k', 'v'.repeat(1_000));
        const health = await store.health();
        expect(health).toMatchObject({ connected: true, mode, breaker: 'closed', message: expect.any(String) });
        expect(health.latencyMs).toBeGreaterThanOrEqual(0);
        expect(health.memory.usedBytes).toBeGreaterThan(1_000);
        expect(health.memory.evictionPolicy).toEqual(expect.any(String));
        expect(health.connections).toMatchObject({ inFlight: 0, shed: 0 });
      });
    });

    describe('after close', () => {
      it('answers closed to everything', async () => {
        await put('k');
        await store.close();
        const write = { key: 'k', value: bytes('v'), ttlMs: HOUR };
        const replies = await Promise.all([
          store.get('k'),
          store.getMany(['k']),
          store.set(write),
          store.setIfAbsent(write),
          store.setMany([write]),
          store.setManyOnce([write]),
          store.extend(['k'], HOUR),
          store.delete(['k']),
          store.increment('n', 1, HOUR),
        ]);
        expect(replies).toEqual(replies.map(() => unavailable('closed')));
        expect(store.isAvailable).toBe(false);
        expect(await store.deleteMatching('*')).toEqual({ deleted: 0, complete: false });
        expect(await store.health()).toMatchObject({ connected: false, latencyMs: null });
      });

      it('may be closed again', async () => {
        await Promise.all([store.close(), store.close()]);
        await store.close();
      });
    });
  });
}
