import { describe, expect, it } from '@jest/globals';
import { resolveOptions } from '../../../src/core/policy/resolve-options.js';
import { warningsOf } from '../../../src/nest/config/environment-warnings.js';
import { readCacheEnvironment } from '../../../src/nest/config/read-environment.js';

function read(env: NodeJS.ProcessEnv) {
  const options = readCacheEnvironment(env);
  const warnings = warningsOf(env);
  return { resolved: resolveOptions(options), warnings };
}

describe('deprecated variables', () => {
  it.each([
    ['ENABLE_CACHE', 'off', { enabled: false }, 'CACHE_ENABLED'],
    ['CACHE_TTL', '120', { ttl: { defaultMs: 120_000 } }, 'CACHE_DEFAULT_TTL'],
    ['CACHE_TTL', '2m', { ttl: { defaultMs: 120_000 } }, 'CACHE_DEFAULT_TTL'],
    ['REDIS_EMBEDDING_CACHE_TTL_DAYS', '7', { ttl: { embeddingMs: 604_800_000 } }, 'CACHE_TTL_EMBEDDING'],
    ['REDIS_EMBEDDING_CACHE_TTL_DAYS', '0.5', { ttl: { embeddingMs: 43_200_000 } }, 'CACHE_TTL_EMBEDDING'],
    ['REDIS_EMBEDDING_CACHE_PREFIX', 'embed', { prefix: 'embed' }, 'CACHE_PREFIX'],
    ['REDIS_EMBEDDING_CACHE_PREFIX', 'embed:', { prefix: 'embed' }, 'CACHE_PREFIX'],
    [
      'REDIS_EMBEDDING_CACHE_ENABLED',
      'false',
      { enabled: true, embeddings: { enabled: false } },
      'the option embeddings: { enabled: … } of CacheModule.forRoot()',
    ],
    [
      'REDIS_EMBEDDING_CACHE_ENABLED',
      'true',
      { embeddings: { enabled: true } },
      'the option embeddings: { enabled: … } of CacheModule.forRoot()',
    ],
  ])('%s=%s is accepted with one warning', (name, text, expected, instead) => {
    const { resolved, warnings } = read({ [name]: text });
    expect(resolved).toMatchObject(expected);
    expect(warnings).toEqual([`${name} is deprecated: use ${instead}`]);
  });

  it.each([
    ['ENABLE_CACHE', 'false', 'CACHE_ENABLED', 'true', { enabled: true }],
    ['CACHE_TTL', '1', 'CACHE_DEFAULT_TTL', '2', { ttl: { defaultMs: 2_000 } }],
    ['REDIS_EMBEDDING_CACHE_TTL_DAYS', '1', 'CACHE_TTL_EMBEDDING', '2', { ttl: { embeddingMs: 2_000 } }],
    ['REDIS_EMBEDDING_CACHE_PREFIX', 'old', 'CACHE_PREFIX', 'new', { prefix: 'new' }],
  ])('%s=%s gives way to %s=%s', (name, text, successor, newText, expected) => {
    const { resolved, warnings } = read({ [name]: text, [successor]: newText });
    expect(resolved).toMatchObject(expected);
    expect(warnings).toEqual([`${name} is ignored because ${successor} is set: remove it`]);
  });

  it('gives way to the new name even where that says the default', () => {
    expect(read({ CACHE_TTL: '5', CACHE_DEFAULT_TTL: '3600' }).resolved.ttl.defaultMs).toBe(3_600_000);
  });

  it('does not check a variable that gives way', () => {
    expect(read({ CACHE_TTL: 'nonsense', CACHE_DEFAULT_TTL: '2' }).resolved.ttl.defaultMs).toBe(2_000);
  });

  it.each([
    ['ENABLE_CACHE', 'maybe', 'expected true or false'],
    ['CACHE_TTL', '0', 'expected a duration of at least 1ms'],
    ['REDIS_EMBEDDING_CACHE_ENABLED', '2', 'expected true or false'],
    ['REDIS_EMBEDDING_CACHE_TTL_DAYS', '7d', 'expected a number of days, such as 7'],
    ['REDIS_EMBEDDING_CACHE_TTL_DAYS', '0', 'expected a number of days, such as 7'],
    ['REDIS_EMBEDDING_CACHE_PREFIX', 'a:b', 'expected 1 to 64 letters'],
    ['REDIS_EMBEDDING_CACHE_PREFIX', ':', 'expected 1 to 64 letters'],
  ])('names %s=%s by the name that was written', (name, text, expected) => {
    expect(() => read({ [name]: text })).toThrow(`${name} is '${text}': ${expected}`);
  });

  it('only warns of LLAMAINDEX_CACHE_*, in one line however many there are', () => {
    const many = Object.fromEntries(Array.from({ length: 9 }, (_, index) => [`LLAMAINDEX_CACHE_${index}`, 'x']));
    expect(read(many).warnings).toEqual([
      'LLAMAINDEX_CACHE_0, LLAMAINDEX_CACHE_1, LLAMAINDEX_CACHE_2, LLAMAINDEX_CACHE_3, LLAMAINDEX_CACHE_4 and 4 more: not read by this cache, remove them',
    ]);
    expect(read({ LLAMAINDEX_CACHE_TTL: '5' }).resolved).toEqual(resolveOptions({}));
    expect(read({ LLAMAINDEX_CACHE_TTL: '' }).warnings).toEqual([]);
  });
});
