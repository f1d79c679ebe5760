import { describe, expect, it } from '@jest/globals';
import { CacheConfigurationError, createAgentCache } from '../../../src/core.js';

describe('createAgentCache', () => {
  it('keeps the very first result in memory', async () => {
    const cache = createAgentCache();
    await cache.getOrLoad('k:1', async () => 'v');
    expect(await cache.get('k:1')).toBe('v');
    await cache.close();
  });

  it('caches nothing while disabled', async () => {
    const cache = createAgentCache({ enabled: false });
    await cache.getOrLoad('k:1', async () => 'v');
    expect(await cache.get('k:1')).toBeUndefined();
    await cache.close();
  });

  it('refuses wrong options at once, all of them in one error', () => {
    const wrong = { prefix: 'a:b', ttl: { default: 5 as never } };
    expect(() => createAgentCache(wrong)).toThrow(CacheConfigurationError);
    expect(() => createAgentCache(wrong)).toThrow(/prefix[\s\S]*ttl\.default/);
  });
});
