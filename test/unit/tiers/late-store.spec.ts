import { describe, expect, it } from '@jest/globals';
import { LateStore } from '../../../src/composition/late-store.js';
import type { ChangeListener } from '../../../src/core/ports/change-feed.js';
import type { Store } from '../../../src/core/ports/store.js';
import { closedStore } from '../../../src/tiers/closed-store.js';
import { deferred } from '../../support/cache-kit.js';

/** A store whose feed a test tells, and whose entries answer `rejected`, by which it is known again. */
function openedStore() {
  const listeners = new Set<ChangeListener>();
  const rejected = () => Promise.resolve({ ok: false, reason: 'rejected' } as const);
  const closed = closedStore();
  let distrusted = 0;
  const store: Store = {
    ...closed,
    changes: {
      isFresh: (readAtMs) => readAtMs === 7,
      listen: (listener) => (listeners.add(listener), () => void listeners.delete(listener)),
      settled: () => Promise.resolve(true),
    },
    entries: {
      read: rejected,
      ensureVersions: rejected,
      lease: rejected,
      extendLeases: rejected,
      publish: rejected,
      release: rejected,
      distrust: () => void distrusted++,
    },
  };
  return { store, listeners, distrustedCount: () => distrusted };
}

describe('what a store that is still being opened says of changes', () => {
  const open = () => {
    const { promise, resolve } = deferred<Store>();
    const opened = openedStore();
    return { late: new LateStore('standalone', promise), ...opened, arrive: () => (resolve(opened.store), promise) };
  };
  const recorder = () => {
    const heard: string[] = [];
    return {
      heard,
      changed: (keys: readonly string[]) => void heard.push(...keys),
      lost: () => void heard.push('lost'),
    };
  };

  it('is nothing, and then what the store says', async () => {
    const { late, arrive } = open();
    expect(late.changes.isFresh(7)).toBe(false);
    expect(await late.changes.settled()).toBe(false);
    await arrive();
    expect(late.changes.isFresh(7)).toBe(true);
    expect(late.changes.isFresh(8)).toBe(false);
    expect(await late.changes.settled()).toBe(true);
  });

  it('reaches those who have listened from the beginning: anything may have changed, and then what does', async () => {
    const { late, listeners, arrive } = open();
    const [early, stopped, after] = [recorder(), recorder(), recorder()];
    const stop = late.changes.listen(early);
    late.changes.listen(stopped)();
    await arrive();
    late.changes.listen(after);
    for (const listener of listeners) listener.changed(['k']);
    expect(early.heard).toEqual(['lost', 'k']);
    expect(stopped.heard).toEqual([]);
    expect(after.heard).toEqual(['k']);
    stop();
    expect([...listeners]).toEqual([after]);
  });

  it('comes from the store though the feed was asked for before it was open', async () => {
    const { late, arrive } = open();
    const { changes } = late;
    await arrive();
    expect(changes.isFresh(7)).toBe(true);
  });

  it('leaves entries to the store, which may be asked for before it is open', async () => {
    const { late, arrive, distrustedCount } = open();
    const { entries } = late;
    const askAll = () =>
      Promise.all([
        entries.read(['k'], [], { withTtl: false }),
        entries.ensureVersions([]),
        entries.lease([]),
        entries.extendLeases([]),
        entries.publish([]),
        entries.release([]),
      ]);
    entries.distrust();
    for (const reply of await askAll()) expect(reply).toEqual({ ok: false, reason: 'disconnected' });
    await arrive();
    for (const reply of await askAll()) expect(reply).toEqual({ ok: false, reason: 'rejected' });
    entries.distrust();
    expect(distrustedCount()).toBe(1);
  });
});
