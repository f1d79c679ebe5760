import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { BusyTime } from '../../../src/nest/http/busy-time.js';

/** How many of the unit steps of a time line are covered. */
function covered(operations: readonly { ms: number; endedAt: number }[]): number {
  const steps = new Set<number>();
  for (const { ms, endedAt } of operations) for (let step = endedAt - ms; step < endedAt; step++) steps.add(step);
  return steps.size;
}

const operations = fc
  .array(fc.record({ ms: fc.integer({ min: 0, max: 40 }), endedAt: fc.integer({ min: 0, max: 200 }) }), {
    maxLength: 60,
  })
  .map((all) => all.sort((a, b) => a.endedAt - b.endedAt));

function busyWith(all: readonly { ms: number; endedAt: number }[]): BusyTime {
  const busy = new BusyTime();
  for (const { ms, endedAt } of all) busy.add(ms, endedAt);
  return busy;
}

describe('BusyTime', () => {
  it('is the length of the union of all operations', () => {
    fc.assert(fc.property(operations, (all) => expect(busyWith(all).totalMs).toBe(covered(all))));
  });

  it('would not be that length if the operations were added up', () => {
    const together = Array.from({ length: 10 }, () => ({ ms: 5, endedAt: 5 }));
    expect(busyWith(together).totalMs).toBe(5);
    expect(together.reduce((sum, { ms }) => sum + ms, 0)).toBe(50);
  });

  it('counts what is no length of time as nothing', () => {
    const all = [NaN, -1, Infinity].map((ms) => ({ ms, endedAt: 10 }));
    expect(busyWith(all).totalMs).toBe(0);
  });

  it('stays right over many operations that do not touch', () => {
    const all = Array.from({ length: 10_000 }, (_, index) => ({ ms: 1, endedAt: (index + 1) * 3 }));
    expect(busyWith(all).totalMs).toBe(10_000);
  });
});
