import { fingerprintOf, type LeaseRequest, RESERVED, type StoredEntry } from '../../core/ports/entry-store.js';
import { AFTER_SHORT_MS, bytes, HOUR_MS, same, SHORT_MS, valueOf, type Checks, type StoreUnderTest } from './checks.js';

const KEY = 'app:entry';
const VERSION_KEY = 'app:~v:tag:a';
const STAMP = '0123456789abcdef';
const OTHER_STAMP = 'fedcba9876543210';
const MINE = 'mine__________________';
const THEIRS = 'theirs________________';
/** As long as entries are, and told from each other by their beginning. */
const OLD = bytes(`old ${'o'.repeat(500)}`);
const NEW = bytes(`new ${'n'.repeat(500)}`);

const requestOf = (changes: Partial<LeaseRequest> = {}): LeaseRequest => ({
  ...{ key: KEY, token: MINE, stamp: STAMP, seen: null, holdMs: HOUR_MS, ttlMs: HOUR_MS },
  ...changes,
});

/** The entry store in words of one key. */
function one({ store }: StoreUnderTest) {
  const { entries } = store;
  return {
    put: (value: Buffer, ttlMs = HOUR_MS) => store.set({ key: KEY, value, ttlMs }),
    lease: async (changes: Partial<LeaseRequest> = {}) =>
      valueOf(await entries.lease([requestOf(changes)]), 'lease')[0],
    publish: async (value: Buffer, token = MINE, ttlMs = HOUR_MS) =>
      valueOf(await entries.publish([{ key: KEY, token, value, ttlMs }]), 'publish')[0],
    release: (token = MINE) => entries.release([{ key: KEY, token }]),
    extend: (changes: Partial<LeaseRequest> = {}) => entries.extendLeases([requestOf(changes)]),
    read: async (): Promise<Pick<StoredEntry, 'bytes' | 'lease'> | null> => {
      const [entry] = valueOf(await entries.read([KEY], [], { withTtl: false }), 'read').entries;
      return entry ? { bytes: entry.bytes, lease: entry.lease } : null;
    },
  };
}

/** Entries, the leases that they are loaded under, and versions. */
export const ENTRY_CHECKS: Checks = {
  'read answers entries and versions in the order of their keys': async ({ store }) => {
    await store.set({ key: 'app:a', value: OLD, ttlMs: HOUR_MS });
    await store.set({ key: 'app:~v:x', value: bytes('token-x'), ttlMs: HOUR_MS });
    const keys = ['app:none', 'app:a', 'app:a'];
    const { entries, versions } = valueOf(
      await store.entries.read(keys, ['app:~v:y', 'app:~v:x'], { withTtl: true }),
      'read',
    );
    same([entries[0], entries[1]?.bytes, entries[2]?.bytes, versions], [null, OLD, OLD, [null, 'token-x']], 'read');
    const left = entries[1]?.ttlLeftMs ?? NaN;
    if (!(left > HOUR_MS - 60_000 && left <= HOUR_MS)) throw new Error(`read: ttlLeftMs is ${left}, of ${HOUR_MS}`);
  },

  'ensureVersions writes what is missing, and answers what is there': async ({ store, elapse }) => {
    const version = (key: string, text: string, ttlMs = HOUR_MS) => ({ key, value: bytes(text), ttlMs });
    const { entries } = store;
    await entries.ensureVersions([version(VERSION_KEY, 'first', SHORT_MS)]);
    const both = [version(VERSION_KEY, 'second'), version('app:~v:b', 'b')];
    same(
      await entries.ensureVersions(both),
      { ok: true, value: ['first', 'b'] },
      'ensureVersions of one that is there',
    );
    await elapse(AFTER_SHORT_MS);
    const again = await entries.ensureVersions([version(VERSION_KEY, 'third')]);
    same(again, { ok: true, value: ['third'] }, 'ensureVersions of one that has expired');
  },

  'a lease is held where nothing stands, shows its token, and keeps out others of its stamp': async (opened) => {
    const { lease, read, publish } = one(opened);
    same(await lease(), 'held', 'lease');
    same(await read(), { bytes: null, lease: MINE }, 'read of what is leased');
    same(await lease({ token: THEIRS }), 'taken', 'lease by another');
    same(await publish(OLD, THEIRS), 'lost', 'publish by another');
    same(await publish(NEW), 'stored', 'publish by the holder');
    same(await read(), { bytes: NEW, lease: null }, 'read of what was published');
  },

  'one of many who ask at once holds the lease': async ({ store }) => {
    const tokens = Array.from({ length: 20 }, (_, index) => String(index).padEnd(22, '_'));
    const replies = await Promise.all(tokens.map((token) => store.entries.lease([requestOf({ token })])));
    same(replies.filter((reply) => valueOf(reply, 'lease')[0] === 'held').length, 1, 'how many of 20 hold it');
  },

  'a lease is held over the entry that was seen, which can still be read': async (opened) => {
    const { put, lease, read, publish } = one(opened);
    await put(OLD);
    same(await lease(), 'changed', 'lease by who has seen nothing');
    same(await lease({ seen: fingerprintOf(NEW) }), 'changed', 'lease by who has seen something else');
    same(await lease({ seen: fingerprintOf(OLD) }), 'held', 'lease by who has seen it');
    same(await read(), { bytes: OLD, lease: MINE }, 'read of what is leased');
    same(await publish(NEW), 'stored', 'publish');
  },

  'a lease is taken over by a load under another stamp, and by who does not care': async (opened) => {
    const { lease, publish } = one(opened);
    await lease();
    same(await lease({ token: THEIRS, stamp: OTHER_STAMP }), 'held', 'lease under another stamp');
    same(await publish(OLD), 'lost', 'publish by the first');
    same(await lease({ seen: 'any' }), 'held', "lease of 'any'");
    same(await publish(OLD, THEIRS), 'lost', 'publish by the second');
    same(await publish(NEW), 'stored', "publish by who has leased 'any'");
  },

  'a reserved lease keeps out loads of any stamp, and none who does not care': async (opened) => {
    const { lease, publish } = one(opened);
    await lease({ stamp: RESERVED });
    same(await lease({ token: THEIRS }), 'reserved', 'lease by a load');
    same(await lease({ token: THEIRS, stamp: OTHER_STAMP }), 'reserved', 'lease by a load under another stamp');
    same(await publish(OLD, THEIRS), 'lost', 'publish by a load');
    same(await publish(NEW), 'stored', 'publish by the holder');
    await lease({ stamp: RESERVED, seen: 'any' });
    same(await lease({ token: THEIRS, stamp: RESERVED, seen: 'any' }), 'held', "lease of 'any'");
    same(await publish(OLD), 'lost', 'publish by the first');
  },

  'a lease is taken over when nobody keeps it up': async (opened) => {
    const { lease, read, publish, extend } = one(opened);
    await lease({ holdMs: SHORT_MS });
    await opened.elapse(SHORT_MS / 2);
    await extend({ holdMs: SHORT_MS });
    await opened.elapse(SHORT_MS / 2);
    same(await lease({ token: THEIRS }), 'taken', 'lease by another while it is kept up');
    await opened.elapse(AFTER_SHORT_MS);
    same(await read(), null, 'read when nobody keeps it up');
    same(await lease({ token: THEIRS }), 'held', 'lease by another then');
    same(await publish(NEW), 'lost', 'publish by the first');
  },

  'whatever deletes or overwrites the key takes the lease along': async (opened) => {
    const { lease, publish, put, read, extend } = one(opened);
    const { store, elapse } = opened;
    const changes: Readonly<Record<string, () => Promise<unknown>>> = {
      delete: () => store.delete([KEY]),
      deleteMatching: () => store.deleteMatching('app:*'),
      set: () => put(OLD),
      'the end of its time': async () => {
        await store.extend([KEY], SHORT_MS);
        await elapse(AFTER_SHORT_MS);
      },
    };
    for (const [what, change] of Object.entries(changes)) {
      await store.delete([KEY]);
      await lease();
      await change();
      await extend();
      same(await publish(NEW), 'lost', `publish after ${what}`);
      same(await read(), what === 'set' ? { bytes: OLD, lease: null } : null, `read after ${what}`);
    }
  },

  'publish keeps a copy for its time to live, may be repeated, and needs a lease': async (opened) => {
    const { lease, publish, read } = one(opened);
    same(await publish(NEW), 'lost', 'publish without a lease');
    await lease();
    const given = Buffer.from(NEW);
    same(await publish(given, MINE, SHORT_MS), 'stored', 'publish');
    given.fill(0);
    same(await publish(NEW, MINE, HOUR_MS), 'stored', 'publish of the same again');
    same(await read(), { bytes: NEW, lease: null }, 'read');
    await opened.elapse(AFTER_SHORT_MS);
    same(await read(), null, 'read after the time to live of the first');
  },

  'release leaves the older entry, and nothing where there was none': async (opened) => {
    const { put, lease, release, read, publish } = one(opened);
    await lease();
    await release(THEIRS);
    same(await read(), { bytes: null, lease: MINE }, 'read after a release by another');
    await release();
    same(await read(), null, 'read after the release');
    await put(OLD);
    await lease({ seen: fingerprintOf(OLD) });
    await release();
    same(await read(), { bytes: OLD, lease: null }, 'read after the release over an older entry');
    same(await publish(NEW), 'lost', 'publish after the release');
  },

  'many are answered in their order': async ({ store }) => {
    const keys = ['app:1', 'app:2', 'app:3'];
    await store.set({ key: 'app:2', value: OLD, ttlMs: HOUR_MS });
    const states = await store.entries.lease(keys.map((key) => requestOf({ key })));
    same(states, { ok: true, value: ['held', 'changed', 'held'] }, 'lease');
    const writes = keys.map((key) => ({ key, token: MINE, value: NEW, ttlMs: HOUR_MS }));
    same(await store.entries.publish(writes), { ok: true, value: ['stored', 'lost', 'stored'] }, 'publish');
    same(await store.entries.lease([]), { ok: true, value: [] }, 'lease of nothing');
  },

  'after close entries are answered by closed': async ({ store }) => {
    await store.close();
    const closed = { ok: false, reason: 'closed' };
    same(await store.entries.read([KEY], [], { withTtl: true }), closed, 'read');
    same(await store.entries.lease([requestOf()]), closed, 'lease');
    same(await store.entries.publish([{ key: KEY, token: MINE, value: NEW, ttlMs: HOUR_MS }]), closed, 'publish');
    same(await store.entries.release([{ key: KEY, token: MINE }]), closed, 'release');
    store.entries.distrust();
  },
};
