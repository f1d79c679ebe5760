import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { LatencyHistogram } from '../../../src/observability/latency-histogram.js';

const BOUNDS = [
  0, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1e3, 2.5e3, 5e3, 1e4, 3e4, 6e4,
];
const bucketOf = (ms: number): number => BOUNDS.findLastIndex((bound) => bound < ms);

function histogramOf(observations: readonly number[]): LatencyHistogram {
  const histogram = new LatencyHistogram();
  for (const ms of observations) histogram.observe(ms);
  return histogram;
}

describe('LatencyHistogram', () => {
  it('says null while nothing was measured', () => {
    expect(new LatencyHistogram().summary()).toEqual({ count: 0, meanMs: null, p50Ms: null, p99Ms: null, maxMs: null });
  });

  it('counts, averages and keeps the longest', () => {
    expect(histogramOf([1, 2, 3]).summary()).toMatchObject({ count: 3, meanMs: 2, maxMs: 3 });
  });

  it('estimates percentiles to within the bucket in which the true ones lie', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 100_000_000 }), { minLength: 1, maxLength: 300 }),
        (microseconds) => {
          const all = microseconds.map((each) => each / 1_000);
          const sorted = [...all].sort((a, b) => a - b);
          const { p50Ms, p99Ms, maxMs } = histogramOf(all).summary();
          for (const [ratio, estimate] of [
            [0.5, p50Ms],
            [0.99, p99Ms],
          ] as const) {
            const truth = sorted[Math.ceil(ratio * sorted.length) - 1] as number;
            expect(bucketOf(estimate as number)).toBe(bucketOf(truth));
            expect(estimate).toBeLessThanOrEqual(maxMs as number);
          }
        },
      ),
    );
  });

  it('tells a slow one in a hundred from the rest', () => {
    const { p50Ms, p99Ms } = histogramOf([...Array<number>(97).fill(0.2), 90, 90, 90]).summary();
    expect(p50Ms).toBeLessThanOrEqual(0.25);
    expect(p99Ms).toBeGreaterThan(50);
  });

  it('does not count what is no length of time', () => {
    expect(histogramOf([NaN, -1, Infinity, undefined as unknown as number]).summary().count).toBe(0);
  });

  it('keeps what lies beyond the last bucket within what was seen', () => {
    expect(histogramOf([100_000, 100_000]).summary()).toMatchObject({ p99Ms: 100_000, maxMs: 100_000 });
  });

  it('is not led beyond the longest by rounding', () => {
    const { p99Ms, maxMs } = histogramOf([30000.001, 30000.001, 52257.995]).summary();
    expect(p99Ms).toBe(maxMs);
  });

  it('starts anew after a reset', () => {
    const histogram = histogramOf([5]);
    histogram.reset();
    expect(histogram.summary()).toEqual(new LatencyHistogram().summary());
  });
});
