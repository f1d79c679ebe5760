import { describe, expect, it } from '@jest/globals';
import { CacheMetrics } from '../../../src/observability/cache-metrics.js';

describe('savings', () => {
  it('begin with nothing', () => {
    expect(new CacheMetrics().summary().savings).toEqual({ ms: 0, tokens: 0, usd: 0, categories: {}, tools: {} });
  });

  it('are added up in all, by category and by tool', () => {
    const metrics = new CacheMetrics();
    metrics.recordSaved(100, { category: 'tool', tool: 'search', tokens: 10, usd: 0.5 });
    metrics.recordSaved(50, { category: 'tool', tool: 'search', tokens: 5 });
    metrics.recordSaved(7, { category: 'tool', tool: 'read' });
    metrics.recordSaved(3, { category: 'prompt', usd: 0.25 });
    metrics.recordSaved(1);
    const { savings, savedMs } = metrics.summary();
    expect(savings).toEqual({
      ms: 161,
      tokens: 15,
      usd: 0.75,
      categories: { tool: { ms: 157, tokens: 15, usd: 0.5 }, prompt: { ms: 3, tokens: 0, usd: 0.25 } },
      tools: { search: { ms: 150, tokens: 15, usd: 0.5 }, read: { ms: 7, tokens: 0, usd: 0 } },
    });
    expect(savedMs).toBe(161);
    metrics.reset();
    expect(metrics.summary().savings).toEqual({ ms: 0, tokens: 0, usd: 0, categories: {}, tools: {} });
  });

  it.each([NaN, Infinity, -1, -Infinity])('ignore an amount of %d', (amount) => {
    const metrics = new CacheMetrics();
    metrics.recordSaved(1, { category: 'tool', tool: 'read', tokens: 2, usd: 3 });
    metrics.recordSaved(amount, { category: 'tool', tool: 'read', tokens: amount, usd: amount });
    const sum = { ms: 1, tokens: 2, usd: 3 };
    expect(metrics.summary().savings).toEqual({ ...sum, categories: { tool: sum }, tools: { read: sum } });
  });

  it('give at most 50 tools and 50 categories a name, cut to 64 characters', () => {
    const metrics = new CacheMetrics();
    for (let index = 0; index < 1_000; index++) {
      metrics.recordSaved(1, { category: `category ${index}`, tool: `${'t'.repeat(60)}${index}` });
    }
    const { tools, categories } = metrics.summary().savings;
    for (const sums of [tools, categories]) {
      expect(Object.keys(sums)).toHaveLength(51);
      expect(Object.keys(sums).every((label) => label.length <= 64)).toBe(true);
      expect(Object.values(sums).reduce((sum, { ms }) => sum + ms, 0)).toBe(1_000);
      expect(sums.other?.ms).toBe(950);
    }
  });
});
