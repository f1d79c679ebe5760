import { AFTER_SHORT_MS, bytes, HOUR_MS, same, SHORT_MS, valueOf, type Checks } from './checks.js';

const put = (key: string, value: string, ttlMs = HOUR_MS) => ({ key, value: bytes(value), ttlMs });

const KEYS = ['a b\nc', 'user:*?[a-z]^\\', 'smile:😀', 'a\0b', '__proto__', '{tag}:a', `long:${'x'.repeat(5_000)}`];
const BYTES = [
  Buffer.alloc(0),
  Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)),
  Buffer.alloc(1_000_000, 'x'),
];

/** Values under literal keys. */
export const VALUE_CHECKS: Checks = {
  'get answers null for what was never set': async ({ store }) => {
    same(await store.get('k'), { ok: true, value: null }, 'get of a key that was never set');
  },

  'set keeps any bytes under any key, apart from others': async ({ store }) => {
    for (const key of KEYS) same(await store.set(put(key, key)), { ok: true, value: true }, `set of ${key}`);
    same(await store.getMany(KEYS), { ok: true, value: KEYS.map(bytes) }, 'getMany of all keys');
    for (const value of BYTES) {
      await store.set({ key: 'k', value, ttlMs: HOUR_MS });
      same(await store.get('k'), { ok: true, value }, `get of ${value.length} bytes`);
    }
  },

  'set takes a copy, and get answers one': async ({ store }) => {
    const given = bytes('abc');
    await store.set({ key: 'k', value: given, ttlMs: HOUR_MS });
    given.fill('x');
    valueOf(await store.get('k'), 'get')?.fill('y');
    valueOf(await store.getMany(['k']), 'getMany')[0]?.fill('z');
    same(await store.get('k'), { ok: true, value: bytes('abc') }, 'get after others have changed their bytes');
  },

  'set replaces value and time to live': async ({ store, elapse }) => {
    await store.set(put('k', 'first', SHORT_MS));
    await store.set(put('k', 'second'));
    await elapse(AFTER_SHORT_MS);
    same(await store.get('k'), { ok: true, value: bytes('second') }, 'get after the first time to live');
  },

  'a value is gone when its time to live is over, however often it is read': async ({ store, elapse }) => {
    await store.setMany([put('short', 'v', SHORT_MS), put('long', 'v')]);
    await elapse(SHORT_MS / 3);
    same(await store.get('short'), { ok: true, value: bytes('v') }, 'get before the time to live is over');
    await elapse(AFTER_SHORT_MS);
    same(await store.getMany(['short', 'long']), { ok: true, value: [null, bytes('v')] }, 'getMany afterwards');
  },

  'getMany answers in the order of its keys, with duplicates and gaps': async ({ store }) => {
    await store.setManyOnce([put('a', '1'), put('b', '2')]);
    const expected = [bytes('2'), null, bytes('1'), bytes('2')];
    same(await store.getMany(['b', 'x', 'a', 'b']), { ok: true, value: expected }, 'getMany');
  },

  'none of many is answered by none': async ({ store }) => {
    same(await store.getMany([]), { ok: true, value: [] }, 'getMany of no keys');
    same(await store.setMany([]), { ok: true, value: true }, 'setMany of no writes');
    same(await store.delete([]), { ok: true, value: 0 }, 'delete of no keys');
    same(await store.extend([], HOUR_MS), { ok: true, value: true }, 'extend of no keys');
  },

  'setIfAbsent writes once, until the time to live is over': async ({ store, elapse }) => {
    const replies = await Promise.all(Array.from({ length: 20 }, () => store.setIfAbsent(put('k', '1', SHORT_MS))));
    same(replies.filter((reply) => reply.ok && reply.value).length, 1, 'how many of 20 at once have written');
    same(await store.setIfAbsent(put('k', '2')), { ok: true, value: false }, 'setIfAbsent of what is there');
    same(await store.get('k'), { ok: true, value: bytes('1') }, 'get of what was there');
    await elapse(AFTER_SHORT_MS);
    same(await store.setIfAbsent(put('k', '3')), { ok: true, value: true }, 'setIfAbsent of what has expired');
  },

  'extend gives what is there more time, and leaves it': async ({ store, elapse }) => {
    await store.set(put('k', 'v', SHORT_MS));
    same(await store.extend(['k', 'none'], HOUR_MS), { ok: true, value: true }, 'extend');
    await elapse(AFTER_SHORT_MS);
    same(await store.getMany(['k', 'none']), { ok: true, value: [bytes('v'), null] }, 'getMany afterwards');
  },

  'delete answers how many there were': async ({ store, elapse }) => {
    await store.setMany([put('a', '1'), put('b', '2'), put('gone', '3', SHORT_MS)]);
    await elapse(AFTER_SHORT_MS);
    same(await store.delete(['a', 'none', 'a', 'b', 'gone']), { ok: true, value: 2 }, 'delete');
    same(await store.getMany(['a', 'b']), { ok: true, value: [null, null] }, 'getMany afterwards');
  },

  'increment counts from 0, loses nothing, and keeps the time to live of the first': async ({ store, elapse }) => {
    await Promise.all(Array.from({ length: 20 }, () => store.increment('n', 2, SHORT_MS)));
    same(await store.increment('n', -5, HOUR_MS), { ok: true, value: 35 }, 'increment by -5 after 20 times 2');
    await elapse(AFTER_SHORT_MS);
    same(await store.increment('n', 1, HOUR_MS), { ok: true, value: 1 }, 'increment after the time to live');
  },

  'increment rejects what is no safe integer, and leaves it': async ({ store }) => {
    for (const text of ['abc', '', '1.5', '007', '9007199254740993', String(Number.MAX_SAFE_INTEGER)]) {
      await store.set(put('n', text));
      same(await store.increment('n', 1, HOUR_MS), { ok: false, reason: 'rejected' }, `increment of '${text}'`);
      same(await store.get('n'), { ok: true, value: bytes(text) }, `get of '${text}' afterwards`);
    }
  },

  'deleteMatching deletes what the glob means, and nothing else': async ({ store }) => {
    const names = ['u:1:a', 'u:1:b', 'u:10:a', 'u:*:a', 'w:1:a', 'u:b:a'];
    const globs: readonly (readonly [string, readonly string[]])[] = [
      ['u:1:*', ['u:1:a', 'u:1:b']],
      ['u:1?:*', ['u:10:a']],
      ['[^u]:*', ['w:1:a']],
      ['u:[a-c]:*', ['u:b:a']],
      ['u:\\*:*', ['u:*:a']],
      ['nothing*', []],
    ];
    for (const [glob, gone] of globs) {
      await store.setMany(names.map((name) => put(name, 'v')));
      same(await store.deleteMatching(glob), { deleted: gone.length, complete: true }, `deleteMatching ${glob}`);
      const left = valueOf(await store.getMany(names), 'getMany');
      same(
        names.filter((_, index) => left[index]),
        names.filter((name) => !gone.includes(name)),
        `what ${glob} has left`,
      );
    }
  },

  'health tells how it is': async ({ store }) => {
    const { connected, mode, message, latencyMs } = await store.health();
    same(
      { connected, mode, isText: message.length > 0 },
      { connected: true, mode: store.mode, isText: true },
      'health',
    );
    if (latencyMs === null || latencyMs < 0) throw new Error(`health: latencyMs is ${latencyMs}`);
  },

  'after close everything is answered by closed, and closing again does nothing': async ({ store }) => {
    await store.set(put('k', 'v'));
    await Promise.all([store.close(), store.close()]);
    const closed = { ok: false, reason: 'closed' };
    same(await store.get('k'), closed, 'get');
    same(await store.getMany(['k']), closed, 'getMany');
    same(await store.set(put('k', 'v')), closed, 'set');
    same(await store.setIfAbsent(put('k', 'v')), closed, 'setIfAbsent');
    same(await store.setMany([put('k', 'v')]), closed, 'setMany');
    same(await store.setManyOnce([put('k', 'v')]), closed, 'setManyOnce');
    same(await store.extend(['k'], HOUR_MS), closed, 'extend');
    same(await store.delete(['k']), closed, 'delete');
    same(await store.increment('n', 1, HOUR_MS), closed, 'increment');
    same(await store.deleteMatching('*'), { deleted: 0, complete: false }, 'deleteMatching');
    same([store.isAvailable, (await store.health()).connected], [false, false], 'isAvailable, and health');
  },
};
