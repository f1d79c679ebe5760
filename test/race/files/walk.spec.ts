import { describe, expect, it } from '@jest/globals';
import type { Mutant } from './mutants.js';
import { walk, type WalkOptions, type WalkResult } from './walk.js';

/** `WALK_SEED`: as printed by an earlier run. */
const SEED = Number(process.env.WALK_SEED ?? Math.floor(Math.random() * 1_000_000_000));
const OPERATIONS = Number(process.env.WALK_OPERATIONS ?? 20_000);
const AT_ONCE_MS = 8_000;
const MOST_MS = 240_000;

async function walked(options: Omit<WalkOptions, 'seed'>): Promise<WalkResult> {
  const result = await walk({ ...options, seed: SEED });
  process.stdout.write(`${result.report}\n`);
  return result;
}

describe('reads, searches and listings of a folder that two processes change by turns', () => {
  const byTurns = { operations: OPERATIONS, atOnceMs: 0 };

  it(
    'are answered as if nothing was cached',
    async () => {
      const { wrong, counts, operations } = await walked({ name: 'by turns', mutant: null, ...byTurns });
      expect(wrong).toEqual([]);
      expect(operations).toBeGreaterThanOrEqual(OPERATIONS);
      // Both what this process made and what the other one did.
      expect(counts['hit memory']).toBeGreaterThan(OPERATIONS / 20);
      expect(counts['hit redis']).toBeGreaterThan(OPERATIONS / 100);
    },
    MOST_MS,
  );

  it.each<[string, Mutant]>([
    ['by the time of their last change in ms, and their size', 'mtime-and-size'],
    ['by the times of the folders they lie in', 'times-of-folders'],
  ])(
    'would be wrong if files were looked at %s',
    async (_name, mutant) => {
      const { wrong } = await walked({ name: `by turns, ${mutant}`, mutant, ...byTurns });
      expect(wrong.length).toBeGreaterThan(0);
    },
    MOST_MS,
  );
});

describe('reads of files that two processes change at the same time', () => {
  const atOnce = { operations: 0, atOnceMs: AT_ONCE_MS };

  it(
    'are answered as the files were during the call',
    async () => {
      const { wrong, counts } = await walked({ name: 'at once', mutant: null, ...atOnce });
      expect(wrong).toEqual([]);
      expect(counts.raised).toBeGreaterThan(10);
      expect(counts['hit memory']).toBeGreaterThan(100);
      expect(counts['hit redis']).toBeGreaterThan(1);
    },
    MOST_MS,
  );

  it.each<[string, Mutant]>([
    ['by the time of their last change in ms, and their size', 'mtime-and-size'],
    ['a moment before', 'remembered'],
  ])(
    'would be wrong if files were looked at %s',
    async (_name, mutant) => {
      const { wrong } = await walked({ name: `at once, ${mutant}`, mutant, ...atOnce });
      expect(wrong.length).toBeGreaterThan(0);
    },
    MOST_MS,
  );
});
