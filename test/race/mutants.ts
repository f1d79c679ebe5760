import type { EntryStore, EntryWrite } from '../../src/core/ports/entry-store.js';
import type { MemoryRead, MemoryTier } from '../../src/core/ports/memory-tier.js';
import type { Store } from '../../src/core/ports/store.js';

/** A part of the engine that the race must miss when it is out. */
export type Mutant = 'fence' | 'marking' | 'lease';

/** What is put around the parts of a cache. */
export interface Mutation {
  readonly store: (store: Store) => Store;
  readonly memory: (tier: MemoryTier) => MemoryTier;
}

const same = <T>(part: T): T => part;

export const MUTATIONS: Readonly<Record<Mutant, Mutation>> = {
  /** What was loaded is stored whatever has become of the lease. */
  fence: {
    store: (store) => replace(store, 'entries', replace(store.entries, 'publish', publishAnyway(store))),
    memory: same,
  },
  /** Changes that come while the store is being asked are not noticed by what waits for its answer. */
  marking: { store: same, memory: (tier) => replace(tier, 'beginRead', () => new LateRead(tier)) },
  /** What is in memory is served without knowing whether all changes have been told. */
  lease: {
    store: (store) =>
      replace(
        store,
        'changes',
        replace(store.changes, 'isFresh', () => true),
      ),
    memory: same,
  },
};

export const NO_MUTATION: Mutation = { store: same, memory: same };

const publishAnyway =
  (store: Store): EntryStore['publish'] =>
  async (writes: readonly EntryWrite[]) => {
    const reply = await store.setMany(writes);
    return reply.ok ? { ok: true, value: writes.map(() => (reply.value ? 'stored' : 'too-large')) } : reply;
  };

/** Registers what it reads only when the answer is there. */
class LateRead implements MemoryRead {
  constructor(private readonly tier: MemoryTier) {}

  holdEntry(...[storageKey, ...held]: Parameters<MemoryRead['holdEntry']>): void {
    this.within(storageKey, (read) => read.holdEntry(storageKey, ...held));
  }

  holdVersion(versionKey: string, token: string): void {
    this.within(versionKey, (read) => read.holdVersion(versionKey, token));
  }

  end(): void {}

  private within(key: string, hold: (read: MemoryRead) => void): void {
    const read = this.tier.beginRead([key]);
    hold(read);
    read.end();
  }
}

/** `whole`, with another thing under `name`. */
function replace<T extends object, N extends keyof T>(whole: T, name: N, part: T[N]): T {
  return new Proxy(whole, {
    get(target, asked) {
      if (asked === name) return part;
      const value: unknown = Reflect.get(target, asked, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}
