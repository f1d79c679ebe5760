import { describe, expect, it } from '@jest/globals';
import type { CacheOptions } from '../../../src/core/policy/options.js';
import { mergeOptions } from '../../../src/nest/config/merge-options.js';

describe('mergeOptions', () => {
  it('lets code win field by field within each group', () => {
    const environment = {
      prefix: 'env',
      ttl: { tool: '1m', prompt: '2m' },
      memory: { maxBytes: 5 },
      grace: '1m',
    } as const;
    const code = { prefix: 'code', ttl: { tool: '9m' }, memory: { maxEntries: 6 } } as const;
    expect(mergeOptions(environment, code)).toEqual({
      prefix: 'code',
      ttl: { tool: '9m', prompt: '2m' },
      memory: { maxBytes: 5, maxEntries: 6 },
      grace: '1m',
      redis: {},
    });
  });

  it('lets falsy values in code win', () => {
    const merged = mergeOptions(
      { enabled: true, memory: { maxBytes: 5 }, compress: { minBytes: 7 }, embeddings: { enabled: true } },
      { enabled: false, memory: { maxBytes: 0 }, compress: { minBytes: 0 }, embeddings: { enabled: false } },
    );
    expect(merged).toMatchObject({
      enabled: false,
      memory: { maxBytes: 0 },
      compress: { minBytes: 0 },
      embeddings: { enabled: false },
    });
  });

  it('counts undefined and empty arrays in code as absent', () => {
    const environment = {
      prefix: 'env',
      ttl: { tool: '1m' },
      redis: { url: 'redis://env' },
      encryption: { keys: ['k'] },
    } as const;
    const code = {
      prefix: undefined,
      ttl: undefined,
      redis: { url: undefined, clusterNodes: [], timeout: undefined },
      encryption: { keys: [] },
    } as unknown as object;
    expect(mergeOptions(environment, code)).toEqual(environment);
  });

  it.each([
    [{ url: 'redis://code' }, { url: 'redis://code' }],
    [{ url: '' }, { url: '' }],
    [{ clusterNodes: ['c:1'] }, { clusterNodes: ['c:1'] }],
    [
      { sentinels: ['c:1'], sentinelName: 'c' },
      { sentinels: ['c:1'], sentinelName: 'c' },
    ],
  ])('lets the Redis %j of code replace that of the environment whole', (code, expected) => {
    for (const environment of [
      { url: 'redis://env' },
      { clusterNodes: ['e:1'] },
      { sentinels: ['e:1'], sentinelName: 'e' },
    ]) {
      const { redis } = mergeOptions({ redis: { ...environment, timeout: '5ms' } }, { redis: code });
      expect(redis).toEqual({ ...expected, timeout: '5ms' });
    }
  });

  it('lets code complete the sentinels of the environment', () => {
    const merged = mergeOptions({ redis: { sentinels: ['e:1'], sentinelName: 'e' } }, { redis: { sentinelName: 'c' } });
    expect(merged.redis).toEqual({ sentinels: ['e:1'], sentinelName: 'c' });
  });

  it('keeps what only code knows, by identity, and touches neither side', () => {
    const environment = Object.freeze({ ttl: Object.freeze({ tool: '1m' }) } as const);
    const resolve = () => undefined;
    const code = Object.freeze({
      scope: Object.freeze({ resolve }),
      tools: { x: 1 },
      ttl: Object.freeze({ prompt: '2m' }),
    } as const);
    const merged = mergeOptions(environment, code);
    expect(merged.scope?.resolve).toBe(resolve);
    expect(merged.tools).toBe(code.tools);
    expect(merged.ttl).toEqual({ tool: '1m', prompt: '2m' });
  });

  it('passes a wrong group of code on, so that it is reported', () => {
    const wrong: unknown[] = [{ ttl: 5 }, { redis: null }];
    for (const code of wrong) {
      expect(mergeOptions({ ttl: { tool: '1m' } }, code as CacheOptions)).toMatchObject(code as object);
    }
  });
});
