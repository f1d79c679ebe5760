import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  type EntryStore,
  fingerprintOf,
  IN_HAND,
  type LeaseRequest,
  RESERVED,
} from '../../src/core/ports/entry-store.js';
import type { Store, StoreMode } from '../../src/core/ports/store.js';
import { leaseRequest, STAMP } from '../support/lease-request.js';
import type { StoreUnderTest } from './store.contract.js';

const HOUR = 3_600_000;
const KEY = 'app:entry:1';
const VERSION_KEY = 'app:~v:tag:1';
const OTHER_STAMP = 'fedcba9876543210';
/** Milliseconds that pass for real in some stores. */
const SHORT = 60;

const bytes = (text: string): Buffer => Buffer.from(text);
const ok = <T>(value: T) => ({ ok: true, value });
/** As long as an entry really is, and told from others by its beginning. */
const entryNamed = (name: string): Buffer => bytes(`${name}:${name.repeat(200)}`);
const OLD = entryNamed('old');
const NEW = entryNamed('new');
const tokenNamed = (name: string): string => name.padEnd(22, '_');
const MINE = tokenNamed('mine');
const THEIRS = tokenNamed('theirs');

/** What every store promises of entries and their leases; the same tests for all of them. */
export function describeEntries(mode: StoreMode, open: () => Promise<StoreUnderTest>): void {
  describe(`the entries of a store in ${mode} mode`, () => {
    let opened: StoreUnderTest;
    let store: Store;
    let entries: EntryStore;

    beforeEach(async () => {
      opened = await open();
      store = opened.store;
      entries = store.entries;
    });
    afterEach(() => opened.dispose());

    const put = (key: string, value: Buffer, ttlMs = HOUR) => store.set({ key, value, ttlMs });
    const request = (changes: Partial<LeaseRequest> = {}): LeaseRequest =>
      leaseRequest({ key: KEY, token: MINE, ...changes });
    const lease = async (changes: Partial<LeaseRequest> = {}) => {
      const reply = await entries.lease([request(changes)]);
      return reply.ok ? reply.value[0] : reply.reason;
    };
    const publish = async (value: Buffer, token = MINE, ttlMs = HOUR) => {
      const reply = await entries.publish([{ key: KEY, token, value, ttlMs }]);
      return reply.ok ? reply.value[0] : reply.reason;
    };
    const readOne = async (key = KEY, withTtl = false) => {
      const reply = await entries.read([key], [], { withTtl });
      if (!reply.ok) throw new Error(reply.reason);
      return reply.value.entries[0];
    };
    const standing = (value: Buffer | null, token: string | null) => ({ bytes: value, lease: token, ttlLeftMs: null });

    describe('read', () => {
      it('answers nothing for nothing', async () => {
        expect(await entries.read([], [], { withTtl: true })).toEqual(ok({ entries: [], versions: [] }));
      });

      it('answers entries and versions in the order of their keys, duplicates included', async () => {
        await put('app:a', OLD);
        await put('app:b', NEW);
        await put('app:~v:x', bytes('token-x'));
        const reply = await entries.read(
          ['app:b', 'app:none', 'app:a', 'app:b'],
          ['app:~v:y', 'app:~v:x', 'app:~v:x'],
          {
            withTtl: false,
          },
        );
        expect(reply).toEqual(
          ok({
            entries: [standing(NEW, null), null, standing(OLD, null), standing(NEW, null)],
            versions: [null, 'token-x', 'token-x'],
          }),
        );
      });

      it('tells how long entries will be kept, if asked', async () => {
        await put(KEY, OLD, 10_000);
        const reply = await entries.read([KEY, 'app:none', KEY], ['app:~v:x'], { withTtl: true });
        if (!reply.ok) throw new Error(reply.reason);
        const [first, none, again] = reply.value.entries;
        expect(none).toBeNull();
        for (const entry of [first, again]) {
          expect(entry?.bytes).toEqual(OLD);
          expect(entry?.ttlLeftMs).toBeLessThanOrEqual(10_000);
          expect(entry?.ttlLeftMs).toBeGreaterThan(8_000);
        }
      });

      it('takes no bytes for a version that are no text', async () => {
        await put(VERSION_KEY, Buffer.from([0xff, 0xfe, 0x00]));
        expect(await entries.read([], [VERSION_KEY], { withTtl: false })).toEqual(
          ok({ entries: [], versions: [null] }),
        );
      });

      it('leaves entries alone that look a little like a lease', async () => {
        for (const text of ['ac1 lease ', `ac1 lease ${MINE} ${STAMP} soon\n`, 'ac1', 'a']) {
          await put(KEY, bytes(text));
          expect(await readOne()).toEqual(standing(bytes(text), null));
        }
      });
    });

    describe('ensureVersions', () => {
      const version = (key: string, text: string, ttlMs = HOUR) => ({ key, value: bytes(text), ttlMs });

      it('creates what is missing, keeps what is there, and answers both in order', async () => {
        await put('app:~v:b', bytes('there'));
        const writes = [version('app:~v:a', 'new-a'), version('app:~v:b', 'new-b'), version('app:~v:c', 'new-c')];
        expect(await entries.ensureVersions(writes)).toEqual(ok(['new-a', 'there', 'new-c']));
        const read = await entries.read([], ['app:~v:a', 'app:~v:b', 'app:~v:c'], { withTtl: false });
        expect(read).toEqual(ok({ entries: [], versions: ['new-a', 'there', 'new-c'] }));
      });

      it('answers nothing for nothing', async () => {
        expect(await entries.ensureVersions([])).toEqual(ok([]));
      });

      it('lets all who ask at once have the same version', async () => {
        const asked = ['1', '2', '3', '4'].map((text) => entries.ensureVersions([version(VERSION_KEY, text)]));
        const replies = await Promise.all(asked);
        for (const reply of replies) expect(reply).toEqual(replies[0]);
      });

      it('gives a version its time to live, which is not renewed', async () => {
        await entries.ensureVersions([version(VERSION_KEY, 'first', SHORT)]);
        await entries.ensureVersions([version(VERSION_KEY, 'second', HOUR)]);
        await opened.elapse(SHORT + 20);
        expect(await entries.ensureVersions([version(VERSION_KEY, 'third')])).toEqual(ok(['third']));
      });

      it('replaces what cannot be read as a version', async () => {
        await put(VERSION_KEY, Buffer.from([0xff, 0xfe, 0x00]));
        expect(await entries.ensureVersions([version(VERSION_KEY, 'new')])).toEqual(ok(['new']));
        expect(await entries.read([], [VERSION_KEY], { withTtl: false })).toEqual(
          ok({ entries: [], versions: ['new'] }),
        );
      });
    });

    describe('lease', () => {
      it('is held where nothing stands, and shows its token', async () => {
        expect(await lease()).toBe('held');
        expect(await readOne()).toEqual(standing(null, MINE));
      });

      it('answers nothing for nothing', async () => {
        expect(await entries.lease([])).toEqual(ok([]));
        expect(await entries.extendLeases([])).toEqual(ok(true));
        expect(await entries.publish([])).toEqual(ok([]));
        expect(await entries.release([])).toEqual(ok(true));
      });

      it('stays held by the same token', async () => {
        await lease();
        expect(await lease()).toBe('held');
        expect(await lease({ seen: fingerprintOf(OLD) })).toBe('held');
        expect(await publish(NEW)).toBe('stored');
      });

      it('is taken for others who would load under the same stamp', async () => {
        await lease();
        expect(await lease({ token: THEIRS })).toBe('taken');
        expect(await publish(OLD, THEIRS)).toBe('lost');
        expect(await publish(NEW)).toBe('stored');
      });

      it('for a value in hand is taken for every load, and held by who does not care', async () => {
        await lease({ stamp: IN_HAND });
        expect(await lease({ token: THEIRS, stamp: OTHER_STAMP })).toBe('taken');
        expect(await lease({ token: THEIRS, stamp: IN_HAND, seen: 'any' })).toBe('held');
        expect(await publish(OLD)).toBe('lost');
        expect(await publish(NEW, THEIRS)).toBe('stored');
      });

      it('for a value that is being written is reserved from every load, and held by who does not care', async () => {
        await lease({ stamp: RESERVED });
        for (const stamp of [STAMP, OTHER_STAMP]) expect(await lease({ token: THEIRS, stamp })).toBe('reserved');
        expect(await publish(OLD, THEIRS)).toBe('lost');
        expect(await lease({ token: THEIRS, stamp: RESERVED, seen: 'any' })).toBe('held');
        expect(await publish(OLD)).toBe('lost');
        expect(await publish(NEW, THEIRS)).toBe('stored');
      });

      it('is taken over at once by a load under another stamp', async () => {
        await lease();
        expect(await lease({ token: THEIRS, stamp: OTHER_STAMP })).toBe('held');
        expect(await readOne()).toEqual(standing(null, THEIRS));
        expect(await publish(OLD)).toBe('lost');
        expect(await publish(NEW, THEIRS)).toBe('stored');
        expect(await readOne()).toEqual(standing(NEW, null));
      });

      it('is taken over when nobody keeps it up', async () => {
        await lease({ holdMs: SHORT });
        expect(await lease({ token: THEIRS })).toBe('taken');
        await opened.elapse(SHORT + 20);
        expect(await lease({ token: THEIRS })).toBe('held');
        expect(await publish(OLD)).toBe('lost');
        expect(await publish(NEW, THEIRS)).toBe('stored');
      });

      it('looks as if there were none when nobody keeps it up, and can still be published under', async () => {
        await lease({ holdMs: SHORT });
        await opened.elapse(SHORT + 20);
        expect(await readOne()).toBeNull();
        expect(await publish(NEW)).toBe('stored');
      });

      it('is held on while it is kept up', async () => {
        await lease({ holdMs: 5 * SHORT });
        for (let time = 0; time < 8; time++) {
          await opened.elapse(SHORT);
          await entries.extendLeases([{ key: KEY, token: MINE, holdMs: 5 * SHORT, ttlMs: HOUR }]);
        }
        expect(await lease({ token: THEIRS })).toBe('taken');
        expect(await publish(NEW)).toBe('stored');
      });

      it('lives as long as it is kept up for', async () => {
        await lease({ ttlMs: 4 * SHORT });
        await opened.elapse(SHORT);
        await entries.extendLeases([{ key: KEY, token: MINE, holdMs: HOUR, ttlMs: 10 * SHORT }]);
        await opened.elapse(4 * SHORT);
        expect(await lease({ token: THEIRS })).toBe('taken');
        await opened.elapse(7 * SHORT);
        expect(await readOne()).toBeNull();
        expect(await publish(NEW)).toBe('lost');
      });

      it('is not taken by keeping it up: what was deleted stays so', async () => {
        await lease();
        await store.delete([KEY]);
        expect(await entries.extendLeases([{ key: KEY, token: MINE, holdMs: HOUR, ttlMs: HOUR }])).toEqual(ok(true));
        expect(await readOne()).toBeNull();
        expect(await publish(NEW)).toBe('lost');
      });

      it('of somebody else is not kept up', async () => {
        await lease({ holdMs: SHORT, ttlMs: SHORT });
        await entries.extendLeases([{ key: KEY, token: THEIRS, holdMs: HOUR, ttlMs: HOUR }]);
        await opened.elapse(SHORT + 20);
        expect(await publish(NEW)).toBe('lost');
      });

      it('is held over the entry that was seen, which can still be read', async () => {
        await put(KEY, OLD);
        expect(await lease({ seen: fingerprintOf(OLD) })).toBe('held');
        expect(await readOne()).toEqual(standing(OLD, MINE));
      });

      it.each<[string, LeaseRequest['seen'], Buffer | null]>([
        ['there was nothing, and an entry has come', null, OLD],
        ['another entry was seen', fingerprintOf(NEW), OLD],
        ['the entry that was seen is gone', fingerprintOf(OLD), null],
      ])('is not held when %s', async (_what, seen, present) => {
        if (present) await put(KEY, present);
        expect(await lease({ seen })).toBe('changed');
        expect(await readOne()).toEqual(present && standing(present, null));
        expect(await publish(NEW)).toBe('lost');
      });

      it('tells entries apart by their beginning alone', async () => {
        const seen = Buffer.concat([fingerprintOf(OLD), bytes('another end')]);
        await put(KEY, OLD);
        expect(await lease({ seen: fingerprintOf(seen) })).toBe('held');
      });

      it('is taken over only by who has seen the entry behind it', async () => {
        await put(KEY, OLD);
        await lease({ seen: fingerprintOf(OLD) });
        const other = { token: THEIRS, stamp: OTHER_STAMP };
        expect(await lease({ ...other, seen: null })).toBe('changed');
        expect(await lease({ ...other, seen: fingerprintOf(NEW) })).toBe('changed');
        expect(await lease({ ...other, seen: fingerprintOf(OLD) })).toBe('held');
        expect(await readOne()).toEqual(standing(OLD, THEIRS));
        expect(await publish(NEW)).toBe('lost');
      });

      it('is taken over with nothing seen only where there is nothing behind it', async () => {
        await lease();
        const other = { token: THEIRS, stamp: OTHER_STAMP };
        expect(await lease({ ...other, seen: fingerprintOf(OLD) })).toBe('changed');
        expect(await lease({ ...other, seen: null })).toBe('held');
      });

      it.each<[string, () => Promise<unknown>, Buffer | null]>([
        ['nothing', () => Promise.resolve(), null],
        ['an entry', () => put(KEY, OLD), OLD],
        ['the lease of another load under the same stamp', () => lease({ token: THEIRS }), null],
      ])('is held over %s by who does not care', async (_what, arrange, older) => {
        await arrange();
        expect(await lease({ seen: 'any' })).toBe('held');
        expect(await readOne()).toEqual(standing(older, MINE));
        expect(await publish(entryNamed('theirs'), THEIRS)).toBe('lost');
        expect(await publish(NEW)).toBe('stored');
      });

      it('answers in the order of the requests', async () => {
        await put('app:entry:2', OLD);
        await lease({ key: 'app:entry:3', token: THEIRS });
        const requests = ['app:entry:1', 'app:entry:2', 'app:entry:3', 'app:entry:4'].map((key) => request({ key }));
        expect(await entries.lease(requests)).toEqual(ok(['held', 'changed', 'taken', 'held']));
      });

      it('is held by one of many who ask at once', async () => {
        const states = await Promise.all(
          Array.from({ length: 20 }, (_, index) => lease({ token: tokenNamed(`asker-${index}`) })),
        );
        expect(states.filter((state) => state === 'held')).toHaveLength(1);
        expect(states.filter((state) => state === 'taken')).toHaveLength(19);
      });

      it('lets the older entry live on for as long as it would, if that is longer', async () => {
        await put(KEY, OLD, HOUR);
        await lease({ seen: fingerprintOf(OLD), ttlMs: 10_000 });
        const entry = await readOne(KEY, true);
        expect(entry?.ttlLeftMs).toBeLessThanOrEqual(HOUR);
        expect(entry?.ttlLeftMs).toBeGreaterThan(HOUR - 10_000);
      });

      it('outlives an older entry that is about to expire', async () => {
        await put(KEY, OLD, SHORT);
        await lease({ seen: fingerprintOf(OLD) });
        await opened.elapse(SHORT + 20);
        expect(await publish(NEW)).toBe('stored');
      });
    });

    describe('publish', () => {
      it('writes the entry in the place of its lease, with a time to live of its own', async () => {
        await put(KEY, OLD, HOUR);
        await lease({ seen: fingerprintOf(OLD) });
        expect(await publish(NEW, MINE, 10_000)).toBe('stored');
        const entry = await readOne(KEY, true);
        expect(entry).toMatchObject({ bytes: NEW, lease: null });
        expect(entry?.ttlLeftMs).toBeLessThanOrEqual(10_000);
        expect(await store.get(KEY)).toEqual(ok(NEW));
      });

      it.each([0, 1, 63, 64, 65, 127, 128, 129, 100_000])('writes %i bytes of any kind', async (length) => {
        const value = Buffer.from(Array.from({ length }, (_, index) => (index * 7) % 256));
        await lease();
        expect(await publish(value)).toBe('stored');
        expect(await store.get(KEY)).toEqual(ok(value));
      });

      it('keeps bytes that the caller changes afterwards', async () => {
        const value = Buffer.from(NEW);
        await lease();
        await publish(value);
        value.fill(0);
        expect(await readOne()).toEqual(standing(NEW, null));
      });

      it('writes nothing without a lease, nor over an entry', async () => {
        expect(await publish(NEW)).toBe('lost');
        expect(await readOne()).toBeNull();
        await put(KEY, OLD);
        expect(await publish(NEW)).toBe('lost');
        expect(await readOne()).toEqual(standing(OLD, null));
      });

      it('may be repeated', async () => {
        await lease();
        expect(await publish(NEW, MINE, SHORT)).toBe('stored');
        expect(await publish(NEW, MINE, HOUR)).toBe('stored');
        await opened.elapse(SHORT + 20);
        expect(await readOne()).toBeNull();
        expect(await publish(NEW)).toBe('lost');
      });

      it.each<[string, () => Promise<unknown>, Buffer | null]>([
        ['deleted', () => store.delete([KEY]), null],
        ['deleted by pattern', () => store.deleteMatching('app:entry:*'), null],
        ['overwritten', () => put(KEY, OLD), OLD],
        ['overwritten with many', () => store.setMany([{ key: KEY, value: OLD, ttlMs: HOUR }]), OLD],
      ])('writes nothing when the key was %s meanwhile, however late it arrives', async (_what, act, present) => {
        await lease();
        await act();
        expect(await publish(NEW)).toBe('lost');
        expect(await readOne()).toEqual(present && standing(present, null));
        await store.delete([KEY]);
        await lease({ token: THEIRS });
        expect(await publish(NEW)).toBe('lost');
        expect(await readOne()).toEqual(standing(null, THEIRS));
      });

      it('writes nothing when the key was made to expire meanwhile', async () => {
        await lease();
        await store.extend([KEY], SHORT);
        await opened.elapse(SHORT + 20);
        expect(await publish(NEW)).toBe('lost');
        expect(await readOne()).toBeNull();
      });

      it('writes nothing after the lease has expired', async () => {
        await lease({ ttlMs: SHORT });
        await opened.elapse(SHORT + 20);
        expect(await publish(NEW)).toBe('lost');
        expect(await readOne()).toBeNull();
      });

      it('answers in the order of the writes', async () => {
        const keys = ['app:entry:1', 'app:entry:2', 'app:entry:3'];
        await entries.lease([request({ key: keys[0] as string }), request({ key: keys[2] as string })]);
        const writes = keys.map((key) => ({ key, token: MINE, value: entryNamed(key), ttlMs: HOUR }));
        expect(await entries.publish(writes)).toEqual(ok(['stored', 'lost', 'stored']));
      });
    });

    describe('release', () => {
      const release = (token = MINE) => entries.release([{ key: KEY, token }]);

      it('leaves nothing where there was nothing, and lets others load at once', async () => {
        await lease();
        expect(await release()).toEqual(ok(true));
        expect(await readOne()).toBeNull();
        expect(await publish(NEW)).toBe('lost');
        expect(await lease({ token: THEIRS })).toBe('held');
      });

      it('leaves the older entry with what is left of its time', async () => {
        await put(KEY, OLD, HOUR);
        await lease({ seen: fingerprintOf(OLD), ttlMs: 10_000 });
        await release();
        const entry = await readOne(KEY, true);
        expect(entry).toMatchObject({ bytes: OLD, lease: null });
        expect(entry?.ttlLeftMs).toBeLessThanOrEqual(HOUR);
        expect(entry?.ttlLeftMs).toBeGreaterThan(HOUR - 10_000);
        expect(await store.get(KEY)).toEqual(ok(OLD));
      });

      it('leaves alone what is not held', async () => {
        await release();
        expect(await readOne()).toBeNull();
        await lease({ token: THEIRS });
        await release();
        expect(await readOne()).toEqual(standing(null, THEIRS));
        await publish(NEW, THEIRS);
        await release();
        await release(THEIRS);
        expect(await readOne()).toEqual(standing(NEW, null));
      });
    });

    it('goes on after it was distrusted', async () => {
      await put(KEY, OLD);
      for (let time = 0; time < 5; time++) entries.distrust();
      const endMs = performance.now() + 5_000;
      while (!(await entries.read([KEY], [], { withTtl: false })).ok && performance.now() < endMs)
        await opened.elapse(10);
      expect(await readOne()).toEqual(standing(OLD, null));
    });

    it('answers closed to everything once the store is closed', async () => {
      await store.close();
      const closed = { ok: false, reason: 'closed' };
      expect(await entries.read([KEY], [], { withTtl: true })).toEqual(closed);
      expect(await entries.ensureVersions([{ key: VERSION_KEY, value: bytes('v'), ttlMs: HOUR }])).toEqual(closed);
      expect(await entries.lease([request()])).toEqual(closed);
      expect(await entries.extendLeases([request()])).toEqual(closed);
      expect(await entries.publish([{ key: KEY, token: MINE, value: NEW, ttlMs: HOUR }])).toEqual(closed);
      expect(await entries.release([{ key: KEY, token: MINE }])).toEqual(closed);
      entries.distrust();
    });
  });
}
