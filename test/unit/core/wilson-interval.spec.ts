import { describe, expect, it } from '@jest/globals';
import { wilsonInterval } from '../../../src/core/ports/wilson-interval.js';
import { Random } from '../../race/random.js';

describe('wilsonInterval', () => {
  const z = 1.959963984540054;

  it.each([
    [0, 10],
    [1, 1],
    [5, 50],
    [50, 100],
    [999, 1000],
    [1000, 1000],
  ])('ends, for %i of %i, where a true rate is just compatible with that', (count, total) => {
    for (const rate of wilsonInterval(count, total)) {
      const isOuterEnd = rate === count / total && (rate === 0 || rate === 1);
      const deviations = Math.abs(count / total - rate) / Math.sqrt((rate * (1 - rate)) / total);
      if (!isOuterEnd) expect(deviations).toBeCloseTo(z, 9);
    }
  });

  it('is what its formula comes to at the ends', () => {
    expect(wilsonInterval(0, 10)).toEqual([0, expect.closeTo((z * z) / (10 + z * z), 12)]);
    expect(wilsonInterval(0, 100)[0]).toBe(0);
    expect(wilsonInterval(1, 1)).toEqual([expect.closeTo(1 / (1 + z * z), 12), 1]);
  });

  it('is everything where nothing was observed', () => {
    expect(wilsonInterval(0, 0)).toEqual([0, 1]);
  });

  it.each([0.02, 0.1, 0.5, 0.97])('holds a true rate of %f about 95 times of 100', (rate) => {
    const random = new Random(7, Math.round(rate * 100));
    let covered = 0;
    for (let trial = 0; trial < 1_000; trial++) {
      let count = 0;
      for (let index = 0; index < 120; index++) if (random.chance(rate)) count++;
      const [low, high] = wilsonInterval(count, 120);
      if (low <= rate && rate <= high) covered++;
    }
    expect(covered).toBeGreaterThan(920);
    expect(covered).toBeLessThan(985);
  });
});
