import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { CacheClient } from '../../src/core/cache-client.js';
import { escapeGlob } from '../../src/core/glob.js';
import type { Store } from '../../src/core/ports/store.js';
import { clientOn, EventRecorder } from '../support/redis-kit.js';

export interface ClientUnderTest {
  readonly store: Store;
  elapse(ms: number): Promise<void>;
}

/** What a client promises on every store: the same tests for all of them. */
export function describeClient(what: string, open: () => Promise<ClientUnderTest>): void {
  describe(`a client on ${what}`, () => {
    let opened: ClientUnderTest;
    let client: CacheClient;
    let events: EventRecorder;

    beforeEach(async () => {
      opened = await open();
      events = new EventRecorder();
      client = clientOn(opened.store, events);
    });
    afterEach(() => client.close());

    describe('texts', () => {
      it.each(['', 'text', 'ünïcödé 😀', 'a\0b\r\n', ' '.repeat(100_000)])('brings a text back (%#)', async (text) => {
        expect(await client.set('k', text)).toBe(true);
        expect(await client.get('k')).toBe(text);
      });

      it('answers null for what is absent', async () => {
        expect(await client.get('k')).toBeNull();
      });

      it('keeps a byte order mark', async () => {
        await client.set('k', '\ufefftext');
        expect(await client.get('k')).toBe('\ufefftext');
      });

      it('takes bytes that are no text for a corrupt value, not for one with replaced characters', async () => {
        await client.setBytes('k', Buffer.from([0xff, 0xfe]));
        expect(await client.get('k')).toBeNull();
        expect(await client.getJson('k')).toBeNull();
        expect(await client.getMany(['k', 'none'])).toEqual([null, null]);
        expect(events.of('miss').map(({ reason }) => reason)).toEqual(['corrupt', 'corrupt', 'corrupt', 'absent']);
        expect(events.of('hit')).toEqual([]);
      });

      it('keeps literal keys behind its prefix', async () => {
        await client.set('a:*', 'v');
        expect(await opened.store.get('test:a:*')).toEqual({ ok: true, value: Buffer.from('v') });
      });

      it('refuses a text that UTF-8 cannot carry', async () => {
        expect(await client.set('k', 'a\ud800')).toBe(false);
        expect(await client.get('k')).toBeNull();
        expect(events.of('refused')).toEqual([{ category: 'client', reason: 'not-faithful' }]);
      });
    });

    describe('JSON', () => {
      it.each([
        [null],
        [false],
        [0],
        [''],
        [[1, 'two', [null]]],
        [{ a: { b: [1.5, true] }, 'c d': '\ud800' }],
        [JSON.parse('{"__proto__":{"x":1}}') as unknown],
      ])('brings %j back', async (value) => {
        expect(await client.setJson('k', value)).toBe(true);
        expect(await client.getJson('k')).toEqual(value);
      });

      it('leaves out what is undefined, and writes dates and instances as JSON does', async () => {
        class Point {
          constructor(
            readonly x: number,
            readonly y?: number,
          ) {}
        }
        await client.setJson('k', { at: new Date(0), point: new Point(1) });
        expect(await client.getJson('k')).toEqual({ at: '1970-01-01T00:00:00.000Z', point: { x: 1 } });
      });

      const cycle: unknown[] = [];
      cycle.push(cycle);
      it.each([
        ['undefined', undefined],
        ['a function', () => 1],
        ['a symbol', Symbol('s')],
        ['a bigint', 1n],
        ['a cycle', cycle],
        ['NaN inside', { a: [NaN] }],
        ['infinity', Infinity],
        ['a hole', [1, , 2]],
        ['undefined in a list', [undefined]],
        ['a function inside', { a: () => 1 }],
        ['a Map', { m: new Map([[1, 2]]) }],
        ['a Set', new Set([1])],
        ['a regular expression', /a/],
        ['an error', new Error('e')],
        ['a typed array', new Float32Array([1])],
        [
          'a getter that throws',
          {
            get a() {
              throw new Error('getter');
            },
          },
        ],
      ])('refuses %s and keeps what was there', async (_what, value) => {
        await client.setJson('k', 'before');
        expect(await client.setJson('k', value)).toBe(false);
        expect(await client.getJson('k')).toBe('before');
        expect(events.of('refused')).toHaveLength(1);
      });

      it('answers null for a text that is not JSON, and calls it corrupt', async () => {
        await client.set('k', '{"a":');
        expect(await client.getJson('k')).toBeNull();
        expect(events.of('miss')).toMatchObject([{ category: 'client', key: 'k', reason: 'corrupt' }]);
        expect(events.of('hit')).toEqual([]);
      });
    });

    it('brings bytes back, from Buffers and other byte arrays', async () => {
      expect(await client.setBytes('k', new Uint8Array([0, 255, 13, 10]).subarray(1))).toBe(true);
      const bytes = await client.getBytes('k');
      expect(Buffer.isBuffer(bytes)).toBe(true);
      expect(bytes).toEqual(Buffer.from([255, 13, 10]));
    });

    it('stores no bytes that are no longer there', async () => {
      const bytes = new Uint8Array(8);
      structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
      expect(await client.setBytes('k', bytes)).toBe(false);
      expect(await client.getBytes('k')).toBeNull();
    });

    describe('many at once', () => {
      it('writes and reads in order, with gaps and duplicates', async () => {
        expect(await client.setMany([['a', '1'], ['b', '']])).toBe(true); // prettier-ignore
        expect(await client.getMany(['b', 'x', 'a', 'b'])).toEqual(['', null, '1', '']);
        expect(await client.deleteMany(['a', 'x', 'b'])).toBe(2);
      });

      it('takes none', async () => {
        expect(await client.setMany([])).toBe(true);
        expect(await client.getMany([])).toEqual([]);
        expect(await client.deleteMany([])).toBe(0);
      });

      it('stores none when one cannot be stored', async () => {
        expect(await client.setMany([['a', '1'], ['b', '\udfff']])).toBe(false); // prettier-ignore
        expect(await client.getMany(['a', 'b'])).toEqual([null, null]);
      });
    });

    it('deletes and says whether there was something', async () => {
      await client.set('k', 'v');
      expect(await client.delete('k')).toBe(true);
      expect(await client.delete('k')).toBe(false);
      expect(await client.get('k')).toBeNull();
    });

    it('counts, and rejects what is no counter', async () => {
      expect(await client.increment('n')).toBe(1);
      expect(await client.increment('n', 5)).toBe(6);
      expect(await client.increment('n', -10)).toBe(-4);
      await client.set('text', 'abc');
      expect(await client.increment('text')).toBeNull();
    });

    it('sets what is absent, once', async () => {
      expect(await client.setIfAbsent('k', 'first')).toBe(true);
      expect(await client.setIfAbsent('k', 'second')).toBe(false);
      expect(await client.get('k')).toBe('first');
    });

    describe('time to live', () => {
      it.each([
        ['set', () => client.set('k', 'v', '1s')],
        ['setJson', () => client.setJson('k', 1, '1s')],
        ['setBytes', () => client.setBytes('k', Buffer.from('v'), '1s')],
        ['setMany', () => client.setMany([['k', 'v']], '1s')],
        ['setIfAbsent', () => client.setIfAbsent('k', 'v', '1s')],
        ['increment', () => client.increment('k', 1, '1s')],
      ])('ends what %s wrote', async (_what, write) => {
        await write();
        expect(await client.get('k')).not.toBeNull();
        await opened.elapse(1_100);
        expect(await client.get('k')).toBeNull();
      });
    });

    describe('invalidatePattern', () => {
      const ids = ['*', 'a:b', '[', '[a-z]', '?', '\\', '^', '-', '', '😀', 'x'.repeat(10_240), '{x}'];

      it.each(ids)('deletes what belongs to the id %#, and nothing of others', async (id) => {
        for (const other of ids) await client.set(`user:${other}:name`, 'n');
        await client.set('users', 'n');
        expect(await client.invalidatePattern(`user:${escapeGlob(id)}:*`)).toBe(1);
        const values = await client.getMany(ids.map((other) => `user:${other}:name`));
        expect(values.map((value) => value === null)).toEqual(ids.map((other) => other === id));
        expect(await client.get('users')).toBe('n');
      });

      it('stays behind the prefix', async () => {
        await opened.store.set({ key: 'test2:k', value: Buffer.from('v'), ttlMs: 1_000 });
        await client.set('k', 'v');
        expect(await client.invalidatePattern('*')).toBe(1);
        expect(await opened.store.get('test2:k')).toEqual({ ok: true, value: Buffer.from('v') });
      });
    });

    it('reports what calls came to', async () => {
      await client.set('k', 'value');
      await client.get('k');
      await client.get('none');
      await client.getMany(['k', 'none']);
      await client.delete('k');
      await client.invalidatePattern('k*');
      expect(events.all.map(({ name }) => name)).toEqual(
        ['set', 'hit', 'miss', 'hit', 'miss', 'delete', 'invalidate', 'delete'], // prettier-ignore
      );
      expect(events.of('set')).toEqual([{ category: 'client', key: 'k', ms: expect.any(Number), bytes: 5 }]);
      expect(events.of('miss')[0]).toMatchObject({ category: 'client', key: 'none', reason: 'absent' });
      expect(events.of('delete')[0]).toEqual({ category: 'client', count: 1 });
      expect(events.of('invalidate')).toEqual([{ target: 'pattern', acknowledged: true }]);
    });

    it('tells its health with the counts of the cache', async () => {
      await client.get('none');
      expect(await client.healthCheck()).toMatchObject({
        enabled: true,
        connected: true,
        mode: opened.store.mode,
        hits: 0,
        misses: 1,
        breaker: 'closed',
        latencyMs: expect.any(Number),
        memory: { usedBytes: expect.any(Number) },
        connections: { inFlight: 0, shed: 0 },
      });
    });

    it('finds nothing after it was closed, and does not reject', async () => {
      await client.set('k', 'v');
      await client.close();
      expect(await client.get('k')).toBeNull();
      expect(await client.set('k', 'v')).toBe(false);
      expect(await client.invalidatePattern('*')).toBe(0);
      expect(await client.healthCheck()).toMatchObject({ enabled: true, connected: false });
      expect(events.of('error')).toMatchObject([{ reason: 'closed' }, { reason: 'closed' }]);
    });
  });
}
