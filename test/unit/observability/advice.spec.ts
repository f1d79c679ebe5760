import { describe, expect, it } from '@jest/globals';
import { adviceFor } from '../../../src/observability/advice.js';
import { CacheMetrics } from '../../../src/observability/cache-metrics.js';

function metricsWith(hits: number, misses: number): CacheMetrics {
  const metrics = new CacheMetrics();
  for (let index = 0; index < hits; index++) metrics.recordHit('context');
  for (let index = 0; index < misses; index++) metrics.recordMiss('tool');
  return metrics;
}

describe('adviceFor', () => {
  it.each([
    [0, 0],
    [0, 49],
    [60, 40],
    [30, 20],
    [100, 0],
  ])('is silent at %d hits and %d misses', (hits, misses) => {
    expect(adviceFor(metricsWith(hits, misses).summary())).toBeNull();
  });

  it.each([
    [0, 50],
    [29, 21],
    [599, 401],
  ])('speaks at %d hits and %d misses', (hits, misses) => {
    expect(adviceFor(metricsWith(hits, misses).summary())).toContain('under 60 %');
  });

  it('names the category with the most misses', () => {
    expect(adviceFor(metricsWith(10, 90).summary())).toMatch(
      /^Hit rate 10 % of 100 requests, under 60 %\. Most misses: tool \(90 of 90\)\./,
    );
  });

  it('points to the store where that gave no answers', () => {
    const metrics = metricsWith(0, 60);
    for (let index = 0; index < 50; index++) metrics.recordError('tool');
    expect(adviceFor(metrics.summary())).toContain('The store gave no answer 50 times');
  });

  it('points to the log where results could not be stored', () => {
    const metrics = metricsWith(0, 60);
    for (let index = 0; index < 50; index++) metrics.recordRefused('tool');
    expect(adviceFor(metrics.summary())).toContain('50 results could not be stored');
  });

  it('is silent again after a reset', () => {
    const metrics = metricsWith(0, 90);
    metrics.reset();
    expect(adviceFor(metrics.summary())).toBeNull();
  });
});
