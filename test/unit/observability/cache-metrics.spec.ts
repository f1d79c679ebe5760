import { describe, expect, it } from '@jest/globals';
import { CacheEventBus } from '../../../src/core/events.js';
import { CacheMetrics } from '../../../src/observability/cache-metrics.js';
import { connectMetrics } from '../../../src/observability/connect-metrics.js';

const none = { hits: 0, misses: 0, stale: 0, sets: 0, deletes: 0, errors: 0, bypasses: 0, refused: 0 };

describe('CacheMetrics', () => {
  it('begins with nothing, and a hit rate of 0', () => {
    const metrics = new CacheMetrics();
    expect(metrics.hitRate()).toBe(0);
    expect(metrics.categoryHitRate('tool')).toBe(0);
    expect(metrics.summary()).toMatchObject({
      ...none,
      totalRequests: 0,
      hitRate: 0,
      hitRatePercent: 0,
      categories: {},
      savedMs: 0,
    });
  });

  it('counts in all and by category', () => {
    const metrics = new CacheMetrics();
    metrics.recordHit('tool');
    metrics.recordHit('tool');
    metrics.recordMiss('context');
    metrics.recordSet('context');
    metrics.recordDelete('context');
    metrics.recordError('tool');
    metrics.recordBypass('tool', 'not-read-only');
    metrics.recordBypass('tool');
    metrics.recordRefused('prompt');
    metrics.recordStale('prompt');
    const tool = { ...none, totalRequests: 2, hits: 2, hitRate: 1, hitRatePercent: 100, errors: 1, bypasses: 2 };
    const context = { ...none, totalRequests: 1, misses: 1, hitRate: 0, hitRatePercent: 0, sets: 1, deletes: 1 };
    const prompt = { ...none, totalRequests: 0, hitRate: 0, hitRatePercent: 0, refused: 1, stale: 1 };
    expect(metrics.summary()).toMatchObject({
      totalRequests: 3,
      hits: 2,
      misses: 1,
      stale: 1,
      hitRate: 2 / 3,
      hitRatePercent: 66.67,
      sets: 1,
      deletes: 1,
      errors: 1,
      bypasses: 2,
      refused: 1,
      categories: { tool, context, prompt },
      bypassReasons: { 'not-read-only': 1, other: 1 },
      refusedReasons: { other: 1 },
      redisConnected: false,
    });
    expect(metrics.hitRate()).toBeCloseTo(2 / 3);
    expect(metrics.categoryHitRate('tool')).toBe(1);
    expect(metrics.categoryHitRate('context')).toBe(0);
  });

  it('gives at most 50 categories a name and counts the rest as one', () => {
    const metrics = new CacheMetrics();
    for (let index = 0; index < 10_000; index++) metrics.recordHit(`category-${index}`);
    const { categories, hits } = metrics.summary();
    expect(Object.keys(categories)).toHaveLength(51);
    expect(categories['other']?.hits).toBe(9_950);
    expect(hits).toBe(10_000);
    expect(metrics.categoryHitRate('category-0')).toBe(1);
    expect(metrics.categoryHitRate('category-9999')).toBe(0);
    expect(metrics.categoryHitRate('other')).toBe(1);
  });

  it('bounds the reasons of bypasses too', () => {
    const metrics = new CacheMetrics();
    for (let index = 0; index < 1_000; index++) metrics.recordBypass('tool', `reason-${index}`);
    expect(Object.keys(metrics.summary().bypassReasons)).toHaveLength(31);
  });

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', ''])(
    'takes no harm from the category %j',
    (category) => {
      const metrics = new CacheMetrics();
      metrics.recordMiss(category);
      metrics.recordHit(category);
      const { categories } = metrics.summary();
      const label = category || 'other';
      expect(Object.hasOwn(categories, label)).toBe(true);
      expect(Object.getOwnPropertyDescriptor(categories, label)?.value).toMatchObject({ hits: 1, misses: 1 });
      expect(metrics.categoryHitRate(label)).toBe(0.5);
      expect(Object.prototype).not.toHaveProperty('hits');
      expect(() => JSON.stringify(metrics.summary())).not.toThrow();
    },
  );

  it('keeps 64 characters of a category of 10 KB, and takes what is no text for another one', () => {
    const metrics = new CacheMetrics();
    metrics.recordHit('x'.repeat(10_240));
    metrics.recordHit('x'.repeat(10_241));
    for (const category of [undefined, null, 5, {}]) metrics.recordHit(category as string);
    expect(Object.keys(metrics.summary().categories)).toEqual(['x'.repeat(64), 'other']);
    expect(metrics.categoryHitRate('x'.repeat(10_240))).toBe(1);
  });

  it('times reading, writing and loading apart', () => {
    const metrics = new CacheMetrics();
    metrics.recordLatency('get', 1);
    metrics.recordLatency('load', 30);
    metrics.recordLatency('load', 50);
    const { latency } = metrics.summary();
    expect(latency.get).toMatchObject({ count: 1, maxMs: 1 });
    expect(latency.set).toMatchObject({ count: 0, p50Ms: null });
    expect(latency.load).toMatchObject({ count: 2, meanMs: 40, maxMs: 50 });
  });

  it('adds up what hits saved, and nothing that is no length of time', () => {
    const metrics = new CacheMetrics();
    for (const ms of [10, 0.5, -5, NaN, Infinity]) metrics.recordSaved(ms);
    expect(metrics.summary().savedMs).toBe(10.5);
  });

  it('counts no fewer than nothing', () => {
    const metrics = new CacheMetrics();
    for (const count of [3, -1, NaN, Infinity]) metrics.recordDelete('client', count);
    expect(metrics.summary().deletes).toBe(3);
  });

  it('starts from zero after a reset', () => {
    const metrics = new CacheMetrics();
    metrics.recordHit('tool');
    metrics.recordBypass('tool', 'closed');
    metrics.recordLatency('get', 1);
    metrics.recordSaved(1);
    metrics.reset();
    expect(metrics.summary()).toEqual(new CacheMetrics().summary());
  });

  it('has room for new categories after a reset', () => {
    const metrics = new CacheMetrics();
    for (let index = 0; index < 60; index++) metrics.recordHit(`old-${index}`);
    metrics.reset();
    metrics.recordHit('new');
    expect(Object.keys(metrics.summary().categories)).toEqual(['new']);
  });

  it('asks for the connection each time, and takes a failing answer for none', () => {
    let isConnected = true;
    const metrics = new CacheMetrics({ redisConnected: () => isConnected });
    expect(metrics.summary().redisConnected).toBe(true);
    isConnected = false;
    expect(metrics.summary().redisConnected).toBe(false);
    const failing = new CacheMetrics({
      redisConnected: () => {
        throw new Error('closed');
      },
    });
    expect(failing.summary().redisConnected).toBe(false);
  });

  it('hands out summaries that later counts do not change', () => {
    const metrics = new CacheMetrics();
    metrics.recordHit('tool');
    const summary = metrics.summary();
    metrics.recordHit('tool');
    expect(summary.categories['tool']?.hits).toBe(1);
  });
});

describe('connectMetrics', () => {
  function emitEach(events: CacheEventBus): void {
    const entry = { category: 'tool', key: 'tool:secret-key' };
    events.emit('hit', { ...entry, ms: 1, tier: 'redis', ageMs: 5, savedMs: 20 });
    events.emit('miss', { ...entry, ms: 2, reason: 'absent' });
    events.emit('stale', { ...entry, ageMs: 5 });
    events.emit('load', { ...entry, ms: 30, ok: true });
    events.emit('load', { ...entry, ms: 40, ok: false });
    events.emit('set', { ...entry, ms: 3, bytes: 9 });
    events.emit('delete', { category: 'tool', count: 2 });
    events.emit('invalidate', { target: 'tag', acknowledged: true });
    events.emit('bypass', { category: 'tool', reason: 'no-turn' });
    events.emit('refused', { category: 'tool', reason: 'a function at $.a' });
    events.emit('error', { category: 'tool', operation: 'get', reason: 'timeout' });
    events.emit('tierFailed', { tier: 'redis', reason: 'timeout' });
    events.emit('tierRecovered', { tier: 'redis', downMs: 1 });
  }

  it('counts every event once and keeps no key', () => {
    const events = new CacheEventBus();
    const metrics = new CacheMetrics();
    connectMetrics(metrics, events);
    emitEach(events);
    const summary = metrics.summary();
    const counts = { hits: 1, misses: 1, stale: 1, sets: 1, deletes: 2, errors: 1, bypasses: 1, refused: 1 };
    expect(summary).toMatchObject({ ...counts, totalRequests: 2, savedMs: 20, bypassReasons: { 'no-turn': 1 } });
    expect(summary.refusedReasons).toEqual({ 'not storable': 1 });
    expect(summary.categories).toEqual({ tool: { ...counts, totalRequests: 2, hitRate: 0.5, hitRatePercent: 50 } });
    expect([summary.latency.get.count, summary.latency.set.count, summary.latency.load.count]).toEqual([2, 1, 2]);
    expect(JSON.stringify(summary)).not.toContain('secret-key');
  });

  it('stops counting when it is ended', () => {
    const events = new CacheEventBus();
    const metrics = new CacheMetrics();
    const disconnect = connectMetrics(metrics, events);
    disconnect();
    emitEach(events);
    expect(metrics.summary()).toEqual(new CacheMetrics().summary());
  });
});
