import type { Store } from '../../core/ports/store.js';
import {
  AFTER_SHORT_MS,
  bytes,
  eventually,
  HOUR_MS,
  same,
  SHORT_MS,
  type Checks,
  type StoreUnderTest,
} from './checks.js';

const KEY = 'app:entry';
const TOKEN = 'mine__________________';
const write = { key: KEY, value: bytes('v'), ttlMs: HOUR_MS };
const request = {
  key: KEY,
  token: TOKEN,
  stamp: '0123456789abcdef',
  seen: 'any',
  holdMs: HOUR_MS,
  ttlMs: HOUR_MS,
} as const;

interface Heard {
  readonly keys: Set<string>;
  losses: number;
  stop: () => void;
}

function hear({ changes }: Store): Heard {
  const heard: Heard = { keys: new Set(), losses: 0, stop: () => {} };
  heard.stop = changes.listen({
    changed: (keys) => keys.forEach((key) => heard.keys.add(key)),
    lost: () => heard.losses++,
  });
  return heard;
}

const isFresh = ({ store, now = () => performance.now() }: StoreUnderTest): boolean => store.changes.isFresh(now());

/** What is done to a key, in an order in which each has an effect. */
const mutations = (store: Store): readonly (readonly [string, () => Promise<unknown>])[] => [
  ['set', () => store.set(write)],
  ['lease', () => store.entries.lease([request])],
  ['publish', () => store.entries.publish([{ ...write, token: TOKEN }])],
  ['lease again', () => store.entries.lease([request])],
  ['release', () => store.entries.release([{ key: KEY, token: TOKEN }])],
  ['delete', () => store.delete([KEY])],
  ['setIfAbsent', () => store.setIfAbsent(write)],
  ['setMany', () => store.setMany([write])],
  ['deleteMatching', () => store.deleteMatching('app:*')],
  ['increment', () => store.increment(KEY, 1, HOUR_MS)],
  ['delete again', () => store.delete([KEY])],
  ['ensureVersions', () => store.entries.ensureVersions([write])],
];

/** What is told of changes. */
export const CHANGE_CHECKS: Checks = {
  'the feed becomes fresh, and then knows that all was told': async (opened) => {
    if (!(await eventually(opened, () => isFresh(opened)))) throw new Error('isFresh stays false');
    same(await opened.store.changes.settled(), true, 'settled');
  },

  'own changes are told before they are answered': async (opened) => {
    await eventually(opened, () => isFresh(opened));
    const heard = hear(opened.store);
    for (const [what, mutate] of mutations(opened.store)) {
      heard.keys.clear();
      await mutate();
      if (what === 'deleteMatching') await opened.store.changes.settled();
      if (!heard.keys.has(KEY) && heard.losses === 0) throw new Error(`${what} was not told`);
    }
  },

  'an expiry is told once it is noticed': async (opened) => {
    await eventually(opened, () => isFresh(opened));
    await opened.store.set({ ...write, ttlMs: SHORT_MS });
    await opened.store.changes.settled();
    const heard = hear(opened.store);
    await opened.elapse(AFTER_SHORT_MS);
    await opened.store.get(KEY);
    if (!(await eventually(opened, () => heard.keys.has(KEY)))) throw new Error('the expiry was not told');
  },

  'who has stopped listening hears nothing': async ({ store }) => {
    const heard = hear(store);
    heard.stop();
    await store.set(write);
    await store.close();
    same([heard.keys.size, heard.losses], [0, 0], 'what was heard');
  },

  'after close nothing is vouched for': async (opened) => {
    await eventually(opened, () => isFresh(opened));
    await opened.store.close();
    same([isFresh(opened), await opened.store.changes.settled()], [false, false], 'isFresh, and settled');
  },
};

/** Where there is another client. */
export const OTHER_CLIENT_CHECKS: Checks = {
  'what another client does is told, at the latest when the feed is settled': async (opened) => {
    const { store, other } = opened;
    if (!other) return;
    await eventually(opened, () => isFresh(opened));
    const heard = hear(store);
    for (const [what, mutate] of mutations(other)) {
      heard.keys.clear();
      await mutate();
      same(await store.changes.settled(), true, `settled after ${what} by another client`);
      if (!heard.keys.has(KEY) && heard.losses === 0) throw new Error(`${what} by another client was not told`);
    }
  },

  'another client sees the same data, and is kept out by a lease': async ({ store, other }) => {
    if (!other) return;
    await store.entries.lease([request]);
    const theirs = { ...request, token: 'theirs________________', seen: null };
    same(await other.entries.lease([theirs]), { ok: true, value: ['taken'] }, 'lease by another client');
    await store.entries.publish([{ ...write, token: TOKEN }]);
    same(await other.get(KEY), { ok: true, value: write.value }, 'get by another client');
  },
};
