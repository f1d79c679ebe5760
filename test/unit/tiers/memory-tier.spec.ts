import { beforeEach, describe, expect, it } from '@jest/globals';
import type { HeldEntry } from '../../../src/core/ports/memory-tier.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';
import { ENTRY_OVERHEAD_BYTES } from '../../../src/tiers/memory/lru-room.js';
import { MemoryTier, type MemoryTierOptions } from '../../../src/tiers/memory/memory-tier.js';
import { ScriptedChanges } from '../../support/scripted-changes.js';

const HOUR = 3_600_000;
const VERSION = 'p:~v:ns:a';

const heldOf = (value: unknown): HeldEntry => ({
  facts: { storedAtMs: 0, expiresAtMs: HOUR, snapshot: {}, loadMs: 1, bytes: 10, stored: Buffer.alloc(0) },
  value,
  checkedEpoch: 0,
});

describe('the memory tier', () => {
  let clock: FakeClock;
  let changes: ScriptedChanges;
  beforeEach(() => {
    clock = new FakeClock();
    changes = new ScriptedChanges();
  });

  const open = (options: Partial<MemoryTierOptions> = {}): MemoryTier =>
    new MemoryTier({ maxBytes: 1_000_000, clock, changes, versionPrefix: 'p:~v:', ...options });

  const hold = (tier: MemoryTier, key: string, value: unknown = key, bytes = 100, ttlLeftMs = HOUR): void => {
    const read = tier.beginRead([key]);
    read.holdEntry(key, heldOf(value), bytes, ttlLeftMs);
    read.end();
  };
  const holdVersion = (tier: MemoryTier, key: string, token: string): void => {
    const read = tier.beginRead([key]);
    read.holdVersion(key, token);
    read.end();
  };

  describe('an entry', () => {
    it('is answered as it was held, and nothing else is', () => {
      const tier = open();
      const held = heldOf({ a: 1 });
      const read = tier.beginRead(['p:k']);
      read.holdEntry('p:k', held, 100, HOUR);
      expect(tier.entry('p:k')).toBe(held);
      expect(tier.entry('p:other')).toBeUndefined();
      expect(tier.version('p:k')).toBeUndefined();
    });

    it('tells of its use when it is answered, and not otherwise', async () => {
      const used: string[] = [];
      const tier = open({ onUsed: (key) => void used.push(key) });
      hold(tier, 'p:k', 1, 100, 1_000);
      tier.entry('p:k');
      tier.entry('p:none');
      changes.isUp = false;
      tier.entry('p:k');
      changes.isUp = true;
      await clock.advance(1_000);
      tier.entry('p:k');
      expect(used).toEqual(['p:k']);
    });

    it('is dropped on demand', () => {
      const tier = open();
      hold(tier, 'p:k');
      tier.drop('p:k');
      expect(tier.entry('p:k')).toBeUndefined();
    });

    it('never outlives what the store had left of it when it was asked', async () => {
      const tier = open();
      const read = tier.beginRead(['p:k']);
      await clock.advance(400);
      read.holdEntry('p:k', heldOf(1), 100, 1_000);
      await clock.advance(599);
      expect(tier.entry('p:k')).toBeDefined();
      await clock.advance(1);
      expect(tier.entry('p:k')).toBeUndefined();
      expect(tier.count).toBe(0);
    });

    it('that the store forgets by now is not held', () => {
      const tier = open();
      hold(tier, 'p:k', 1, 100, 0);
      expect(tier.count).toBe(0);
    });

    it('is not disturbed when the wall clock jumps', () => {
      const tier = open();
      hold(tier, 'p:k', 1, 100, 1_000);
      clock.jump(HOUR);
      expect(tier.entry('p:k')).toBeDefined();
    });
  });

  describe('while the feed is not fresh', () => {
    it('answers nothing, and what it had when it is again', () => {
      const tier = open();
      hold(tier, 'p:k');
      holdVersion(tier, VERSION, 't');
      changes.isUp = false;
      expect(tier.entry('p:k')).toBeUndefined();
      expect(tier.version(VERSION)).toBeUndefined();
      changes.isUp = true;
      expect(tier.entry('p:k')?.value).toBe('p:k');
      expect(tier.version(VERSION)).toBe('t');
    });

    it('asks it for the moment when the store was read', async () => {
      const asked: number[] = [];
      changes.isFresh = (readAtMs) => asked.push(readAtMs) > 0;
      const tier = open();
      await clock.advance(7);
      const read = tier.beginRead(['p:k', VERSION]);
      await clock.advance(5);
      read.holdEntry('p:k', heldOf(1), 100, HOUR);
      read.holdVersion(VERSION, 't');
      tier.entry('p:k');
      tier.version(VERSION);
      expect(asked).toEqual([7, 7, 7, 7]);
    });

    it('holds nothing', () => {
      const tier = open();
      changes.isUp = false;
      hold(tier, 'p:k');
      holdVersion(tier, VERSION, 't');
      expect(tier.bytes).toBe(0);
    });
  });

  describe('a change that is told', () => {
    it('takes out what it concerns, and nothing else', () => {
      const tier = open();
      for (const key of ['p:a', 'p:b', 'p:c']) hold(tier, key);
      holdVersion(tier, VERSION, 't');
      changes.tell('p:a', 'p:c');
      expect(['p:a', 'p:b', 'p:c'].map((key) => tier.entry(key)?.value)).toEqual([undefined, 'p:b', undefined]);
      expect(tier.version(VERSION)).toBe('t');
      changes.tell(VERSION);
      expect(tier.version(VERSION)).toBeUndefined();
    });

    it.each([
      ['of one of its keys', () => changes.tell('p:b')],
      ['of one of its versions', () => changes.tell('p:x', VERSION)],
      ['of everything', () => changes.lose()],
    ])('%s keeps out all of a read that is under way', (_, tell) => {
      const tier = open();
      const read = tier.beginRead(['p:a', 'p:b', VERSION]);
      tell();
      read.holdEntry('p:a', heldOf(1), 10, HOUR);
      read.holdVersion(VERSION, 't');
      expect(tier.entry('p:a')).toBeUndefined();
      expect(tier.version(VERSION)).toBeUndefined();
    });

    it('between two answers of a read keeps out the second and takes out the first', () => {
      const tier = open();
      const read = tier.beginRead(['p:a', 'p:b']);
      read.holdEntry('p:a', heldOf(1), 10, HOUR);
      changes.tell('p:a');
      read.holdEntry('p:b', heldOf(2), 10, HOUR);
      read.holdEntry('p:a', heldOf(1), 10, HOUR);
      expect(tier.count).toBe(0);
    });

    it('leaves reads of other keys, and those that begin afterwards, alone', () => {
      const tier = open();
      const read = tier.beginRead(['p:a']);
      changes.tell('p:b');
      read.holdEntry('p:a', heldOf(1), 10, HOUR);
      hold(tier, 'p:b');
      expect(tier.count).toBe(2);
    });

    it('keeps a read out though others have ended since', () => {
      const tier = open();
      const early = tier.beginRead(['p:a']);
      changes.tell('p:a');
      hold(tier, 'p:a', 'new');
      early.holdEntry('p:a', heldOf('old'), 10, HOUR);
      expect(tier.entry('p:a')?.value).toBe('new');
    });
  });

  it('holds nothing of a read that has ended', () => {
    const tier = open();
    const read = tier.beginRead(['p:a', VERSION]);
    read.end();
    read.holdEntry('p:a', heldOf(1), 10, HOUR);
    read.holdVersion(VERSION, 't');
    expect(tier.bytes).toBe(0);
  });

  describe('the epoch', () => {
    it('grows with every change of a version, known or not, and with nothing else', () => {
      const tier = open();
      const seen: number[] = [];
      const note = (): void => void seen.push(tier.epoch);
      note();
      changes.tell('p:a', 'p:~v');
      note();
      changes.tell('p:a', VERSION);
      note();
      changes.tell('p:~v:tag:never-seen');
      note();
      hold(tier, 'p:a');
      holdVersion(tier, VERSION, 't');
      note();
      changes.lose();
      note();
      expect(seen).toEqual([0, 0, 1, 2, 2, 3]);
    });
  });

  it('forgets everything when changes were missed', () => {
    const tier = open();
    hold(tier, 'p:a');
    holdVersion(tier, VERSION, 't');
    changes.lose();
    expect(tier.bytes).toBe(0);
  });

  describe('its bounds', () => {
    it('counts encoded bytes, keys and what an item takes besides', () => {
      const tier = open();
      hold(tier, 'p:schlüssel', 1, 100);
      expect(tier.bytes).toBe(100 + 12 + ENTRY_OVERHEAD_BYTES);
      holdVersion(tier, VERSION, 'token');
      expect(tier.bytes).toBe(100 + 12 + 5 + VERSION.length + 2 * ENTRY_OVERHEAD_BYTES);
    });

    it('hold whatever is read', () => {
      const tier = open({ maxBytes: 20_000 });
      for (let count = 0; count < 1_000; count++) {
        hold(tier, `p:k${count}`, 1, count % 900);
        holdVersion(tier, `p:~v:${count}`, 't'.repeat(count % 30));
        expect(tier.bytes).toBeLessThanOrEqual(20_000);
      }
      expect(tier.bytes).toBeGreaterThan(15_000);
    });

    it('keep what was used last, and tell what had to go', () => {
      const evicted: string[] = [];
      const tier = open({ maxEntries: 2, onEvicted: (key) => void evicted.push(key) });
      hold(tier, 'p:a');
      hold(tier, 'p:b');
      tier.entry('p:a');
      hold(tier, 'p:c');
      expect(['p:a', 'p:b', 'p:c'].filter((key) => tier.entry(key))).toEqual(['p:a', 'p:c']);
      expect(evicted).toEqual(['p:b']);
    });

    it('tell of nothing that went for another reason', async () => {
      const evicted: string[] = [];
      const tier = open({ maxBytes: 8_000, onEvicted: (key) => void evicted.push(key) });
      hold(tier, 'p:a', 1, 100, 1_000);
      hold(tier, 'p:a', 2, 100, 1_000);
      hold(tier, 'p:b');
      hold(tier, 'p:c');
      hold(tier, 'p:c', 3, 100_000);
      changes.tell('p:b');
      await clock.advance(1_000);
      tier.entry('p:a');
      holdVersion(tier, `${VERSION}1`, 't');
      holdVersion(tier, `${VERSION}2`, 't');
      changes.lose();
      expect(evicted).toEqual([]);
    });

    it('do not let many entries push out the versions that they depend on', () => {
      const tier = open({ maxBytes: 20_000 });
      holdVersion(tier, VERSION, 't');
      for (let count = 0; count < 100; count++) hold(tier, `p:k${count}`, 1, 500);
      expect(tier.version(VERSION)).toBe('t');
    });

    it('drop the older entry when the newer one is too large', () => {
      const tier = open({ maxBytes: 8_000 });
      hold(tier, 'p:a', 'old');
      hold(tier, 'p:a', 'new', 100_000);
      expect(tier.entry('p:a')).toBeUndefined();
    });
  });

  it.each([0, 100])('is off within %i bytes', (maxBytes) => {
    const tier = open({ maxBytes });
    expect(tier.isOn).toBe(false);
    hold(tier, 'p:a');
    holdVersion(tier, VERSION, 't');
    tier.drop('p:a');
    expect([tier.entry('p:a'), tier.version(VERSION), tier.bytes]).toEqual([undefined, undefined, 0]);
    expect(changes.listenerCount).toBe(0);
  });
});
