import assert from 'node:assert';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { HeldEntry, MemoryRead, MemoryTier as MemoryTierPort } from '../../src/core/ports/memory-tier.js';
import { FakeClock } from '../../src/testing/fake-clock.js';
import { MemoryTier } from '../../src/tiers/memory/memory-tier.js';
import { ScriptedChanges } from '../support/scripted-changes.js';

const KEYS = ['p:a', 'p:b', 'p:~v:x', 'p:~v:y'] as const;
const MAX_BYTES = 8_000;
const isVersion = (key: string): boolean => key.startsWith('p:~v:');
const key = fc.constantFrom(...KEYS);

type Step =
  | { readonly do: 'write'; readonly key: string; readonly ttlMs: number }
  | { readonly do: 'begin'; readonly keys: readonly string[] }
  | { readonly do: 'tell' | 'lose' | 'cut' | 'mend' }
  | { readonly do: 'answer' | 'end'; readonly pick: number }
  | { readonly do: 'advance'; readonly ms: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('write' as const), key, ttlMs: fc.integer({ min: 1, max: 300 }) }),
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('begin' as const), keys: fc.uniqueArray(key, { minLength: 1 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('answer' as const, 'end' as const), pick: fc.nat() }) },
  fc.record({ do: fc.constant('tell' as const) }),
  fc.record({ do: fc.constantFrom('lose' as const, 'cut' as const, 'mend' as const) }),
  fc.record({ do: fc.constant('advance' as const), ms: fc.integer({ min: 1, max: 200 }) }),
);

interface Stored {
  readonly version: number;
  readonly endsAtMs: number;
}

interface Read {
  readonly keys: readonly string[];
  readonly memory: MemoryRead;
  answer: Map<string, Stored> | null;
}

/** How a tier is used; mutants use it wrongly. */
type Begin = (tier: MemoryTierPort, keys: readonly string[]) => MemoryRead;

/**
 * A store with a slow feed, slow reads and losses, next to a tier. What must hold after every step: whatever memory
 * answers is no older than the last change that was told of its key, and is still kept by the store as it was read.
 */
class Model {
  readonly clock = new FakeClock();
  readonly changes = new ScriptedChanges();
  readonly tier = new MemoryTier({
    maxBytes: MAX_BYTES,
    clock: this.clock,
    changes: this.changes,
    versionPrefix: 'p:~v:',
  });
  private readonly stored = new Map<string, Stored>(KEYS.map((each) => [each, { version: 0, endsAtMs: 250 }]));
  private readonly told = new Map<string, number>();
  private untold: { readonly key: string; readonly version: number }[] = [];
  private readonly reads: Read[] = [];
  private versionChanges = 0;

  constructor(private readonly begin: Begin) {}

  async run(next: Step): Promise<void> {
    if (next.do === 'write') this.write(next.key, next.ttlMs);
    else if (next.do === 'begin')
      this.reads.push({ keys: next.keys, memory: this.begin(this.tier, next.keys), answer: null });
    else if (next.do === 'answer') this.answer(next.pick);
    else if (next.do === 'end') this.end(next.pick);
    else if (next.do === 'advance') await this.clock.advance(next.ms);
    else if (next.do === 'tell') this.tell();
    else if (next.do === 'lose') this.lose();
    else this.changes.isUp = next.do === 'mend';
    this.check();
  }

  private write(each: string, ttlMs: number): void {
    const version = (this.stored.get(each)?.version ?? 0) + 1;
    this.stored.set(each, { version, endsAtMs: this.clock.monotonicNow() + ttlMs });
    this.untold.push({ key: each, version });
  }

  private answer(pick: number): void {
    const read = this.reads[pick % Math.max(1, this.reads.length)];
    if (read) read.answer ??= new Map(read.keys.map((each) => [each, this.stored.get(each) as Stored]));
  }

  private end(pick: number): void {
    const [read] = this.reads.splice(pick % Math.max(1, this.reads.length), 1);
    for (const [each, { version, endsAtMs }] of read?.answer ?? []) {
      if (isVersion(each)) read?.memory.holdVersion(each, String(version));
      else read?.memory.holdEntry(each, heldOf(version), 300, endsAtMs - this.clock.monotonicNow());
    }
    read?.memory.end();
  }

  private tell(): void {
    const [next] = this.untold.splice(0, 1);
    if (!next) return;
    this.told.set(next.key, next.version);
    if (isVersion(next.key)) this.versionChanges++;
    this.changes.tell(next.key);
  }

  private lose(): void {
    for (const { key: each, version } of this.untold) this.told.set(each, version);
    this.untold = [];
    this.versionChanges++;
    this.changes.lose();
  }

  private check(): void {
    assert(this.tier.bytes <= MAX_BYTES);
    assert.strictEqual(this.tier.epoch, this.versionChanges);
    for (const each of KEYS) {
      const answered = isVersion(each) ? this.tier.version(each) : this.tier.entry(each)?.value;
      if (answered === undefined) continue;
      const version = Number(answered);
      assert(this.changes.isUp, 'answered without a feed that vouches for it');
      assert(version >= (this.told.get(each) ?? 0), `${each} is older than a change that was told`);
      const { version: present, endsAtMs } = this.stored.get(each) as Stored;
      if (version === present && !isVersion(each)) assert(endsAtMs > this.clock.monotonicNow(), `${each} outlives`);
    }
  }
}

const heldOf = (value: unknown): HeldEntry => ({
  facts: { storedAtMs: 0, expiresAtMs: 0, snapshot: {}, loadMs: 0, bytes: 0, stored: Buffer.alloc(0) },
  value,
  checkedEpoch: 0,
});

const isNeverStale = (begin: Begin): fc.IAsyncPropertyWithHooks<[Step[]]> =>
  fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
    const model = new Model(begin);
    for (const each of steps) await model.run(each);
  });

const MUTANT_RUNS = { numRuns: 2_000, seed: 1 };

/** As if changes marked no read that is under way: one that begins when it holds was overtaken by nothing. */
const unmarked: Begin = (tier, keys) => ({
  holdEntry: (...held) => tier.beginRead(keys).holdEntry(...held),
  holdVersion: (...held) => tier.beginRead(keys).holdVersion(...held),
  end: () => undefined,
});

describe('whatever is read, changed, told and lost in whatever order', () => {
  it('memory answers nothing older than a change that was told, or longer than the store keeps it', async () => {
    await fc.assert(
      isNeverStale((tier, keys) => tier.beginRead(keys)),
      { numRuns: 2_000 },
    );
  });

  it('would be found out if changes marked no reads under way', async () => {
    expect((await fc.check(isNeverStale(unmarked), MUTANT_RUNS)).failed).toBe(true);
  });
});
