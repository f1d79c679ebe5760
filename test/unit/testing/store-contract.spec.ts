import { types } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { FakeClock, FakeRedis, storeContract, type StoreUnderTest, type StoreWrite } from '../../../src/testing.js';
import { MemoryStore } from '../../../src/tiers/memory/memory-store.js';

const openMemory = (): StoreUnderTest & { readonly store: MemoryStore } => {
  const clock = new FakeClock();
  const store = new MemoryStore({ maxBytes: 64 * 1024 * 1024, clock });
  const [elapse, now] = [(ms: number) => clock.advance(ms), () => clock.monotonicNow()];
  return { store, elapse, now, dispose: () => store.close() };
};

const openFake = (): StoreUnderTest => {
  const clock = new FakeClock();
  const server = new FakeRedis({ clock });
  const [store, other] = [server.connect(), server.connect()];
  const [elapse, now] = [(ms: number) => clock.advance(ms), () => clock.monotonicNow()];
  return { store, other, elapse, now, dispose: () => store.close() };
};

describe('the contract of stores', () => {
  describe('is kept by the store in memory', () => {
    for (const { name, run } of storeContract({ open: openMemory })) it(name, run);
  });

  describe('is kept by a connection to the fake Redis', () => {
    for (const { name, run } of storeContract({ open: openFake })) it(name, run);
  });

  describe('is kept by what another client of the fake Redis does', () => {
    const open = (): StoreUnderTest => {
      const clock = new FakeClock();
      const server = new FakeRedis({ clock });
      const elapse = (ms: number) => clock.advance(ms);
      return { store: server.connect(), other: server.outside, elapse, now: () => 0, dispose: () => Promise.resolve() };
    };
    for (const { name, run } of storeContract({ open })) it(name, run);
  });

  type Broken = Partial<Record<keyof MemoryStore, unknown>>;
  /** What one who writes a tier gets wrong, and the check that finds it. */
  const MISTAKES: readonly (readonly [string, (store: MemoryStore) => Broken, RegExp])[] = [
    [
      'forgets nothing',
      (store) => ({
        setMany: (writes: StoreWrite[]) => store.setMany(writes.map((each) => ({ ...each, ttlMs: 1e9 }))),
      }),
      /a value is gone/,
    ],
    [
      'answers a promise of nothing',
      () => ({ get: () => Promise.resolve({ ok: true, value: undefined }) }),
      /get answers null/,
    ],
    ['does not count', () => ({ delete: () => Promise.resolve({ ok: true, value: 0 }) }), /delete answers how many/],
    ['stores under a lost lease', (store) => ({ entries: careless(store) }), /takes the lease along/],
    [
      'tells nothing',
      () => ({ changes: { isFresh: () => true, listen: () => () => {}, settled: async () => true } }),
      /own changes are told/,
    ],
    ['vouches for ever', (store) => ({ changes: { ...feed(store), isFresh: () => true } }), /after close nothing/],
    ['answers after it was closed', () => ({ close: () => Promise.resolve() }), /after close everything/],
  ];
  const feed = ({ changes }: MemoryStore) => ({
    listen: changes.listen.bind(changes),
    settled: changes.settled.bind(changes),
  });
  const careless = (store: MemoryStore) =>
    new Proxy(store.entries, {
      get: (entries, name) =>
        name === 'publish'
          ? (writes: Parameters<typeof store.entries.publish>[0]) =>
              store.setMany(writes).then(() => ({ ok: true, value: writes.map(() => 'stored') }))
          : (Reflect.get(entries, name) as () => unknown).bind(entries),
    });

  it.each(MISTAKES)('is broken by a store that %s', async (_what, breaking, found) => {
    const open = (): StoreUnderTest => {
      const opened = openMemory();
      const broken = breaking(opened.store) as Record<string, unknown>;
      const store = new Proxy(opened.store, {
        get: (kept, name: string) => {
          const own: unknown = name in broken ? broken[name] : Reflect.get(kept, name, kept);
          return typeof own === 'function' ? (own.bind(kept) as unknown) : own;
        },
      });
      return { ...opened, store };
    };
    const failed: string[] = [];
    for (const { name, run } of storeContract({ open })) {
      await run().catch((error: unknown) => {
        expect(types.isNativeError(error)).toBe(true);
        failed.push(name);
      });
    }
    expect(failed.join('\n')).toMatch(found);
  });

  it('disposes of the store when a check fails too', async () => {
    let open = 0;
    const checks = storeContract({
      open: () => {
        open++;
        const store = new MemoryStore({ maxBytes: 0, clock: new FakeClock() });
        return { store, elapse: () => Promise.resolve(), dispose: () => Promise.resolve(void open--) };
      },
    });
    const results = await Promise.allSettled(checks.map(({ run }) => run()));
    expect(results.some(({ status }) => status === 'rejected')).toBe(true);
    expect(open).toBe(0);
  });
});
