import { describe, expect, it } from '@jest/globals';
import { CacheConfigurationError } from '../../../src/core/errors.js';
import type { CacheOptions } from '../../../src/core/policy/options.js';
import { resolveOptions } from '../../../src/core/policy/resolve-options.js';

const key = (byte: number): string => Buffer.alloc(32, byte).toString('base64');

function errorOf(options: unknown): CacheConfigurationError {
  try {
    resolveOptions(options as CacheOptions);
  } catch (error) {
    if (error instanceof CacheConfigurationError) return error;
    throw error;
  }
  throw new Error('the options were accepted');
}

describe('resolveOptions', () => {
  it('fills in every default', () => {
    expect(resolveOptions({})).toEqual({
      enabled: true,
      prefix: 'agent-cache',
      redis: null,
      memory: { maxBytes: 67_108_864, maxEntries: undefined, withoutTrackingMs: null },
      ttl: {
        defaultMs: 3_600_000,
        contextMs: 3_600_000,
        toolMs: 1_800_000,
        embeddingMs: 86_400_000,
        promptMs: 3_600_000,
        maxMs: 2_592_000_000,
      },
      graceMs: 0,
      maxValueBytes: 16_777_216,
      compressMinBytes: 0,
      encryptionKeys: [],
      embeddings: { enabled: true },
      resolveScope: undefined,
      cascade: {},
    });
    expect(resolveOptions({ redis: { url: 'redis://localhost' } }).redis).toEqual({
      topology: { mode: 'standalone', url: 'redis://localhost' },
      timeoutMs: 100,
      connectTimeoutMs: 2_000,
      maxInFlight: 512,
      connections: 1,
      minReplicas: 0,
      username: undefined,
      password: undefined,
      sentinelUsername: undefined,
      sentinelPassword: undefined,
      tls: undefined,
    });
  });

  it('takes nothing at all, and undefined anywhere, for defaults', () => {
    const nothing = { enabled: undefined, redis: undefined, ttl: { tool: undefined }, memory: { maxBytes: undefined } };
    expect(resolveOptions()).toEqual(resolveOptions({}));
    expect(resolveOptions(nothing as unknown as CacheOptions)).toEqual(resolveOptions({}));
  });

  it('keeps 0 and false where they are allowed', () => {
    const options = {
      enabled: false,
      memory: { maxBytes: 0 },
      grace: '0s',
      compress: { minBytes: 0 },
      embeddings: { enabled: false },
    } as const;
    expect(resolveOptions(options)).toMatchObject({
      enabled: false,
      memory: { maxBytes: 0 },
      graceMs: 0,
      maxValueBytes: 16_777_216,
      compressMinBytes: 0,
      embeddings: { enabled: false },
    });
  });

  it('uses every option given', () => {
    const resolve = () => ({ tenant: 't' });
    const cascade = { tag: () => [], resource: () => [] };
    const resolved = resolveOptions({
      prefix: 'My.app_1-x',
      redis: {
        url: 'rediss://h',
        timeout: '50ms',
        connectTimeout: '1s',
        maxInFlight: 7,
        connections: 2,
        minReplicas: 1,
        username: 'u',
        password: 'p',
        sentinelUsername: 'su',
        sentinelPassword: 'sp',
        tls: { ca: 'x' },
      },
      memory: { maxBytes: 5, maxEntries: 6, withoutTracking: '2s' },
      ttl: { default: '1s', context: '2s', tool: '3s', embedding: '4s', prompt: '5s', max: '6s' },
      grace: '7s',
      maxValueBytes: 7,
      compress: { minBytes: 8 },
      encryption: { keys: [`a:${key(1)}`, `b:${key(2)}`] },
      scope: { resolve },
      cascade,
    });
    expect(resolved).toEqual({
      enabled: true,
      prefix: 'My.app_1-x',
      redis: {
        topology: { mode: 'standalone', url: 'rediss://h' },
        timeoutMs: 50,
        connectTimeoutMs: 1_000,
        maxInFlight: 7,
        connections: 2,
        minReplicas: 1,
        username: 'u',
        password: 'p',
        sentinelUsername: 'su',
        sentinelPassword: 'sp',
        tls: { ca: 'x' },
      },
      memory: { maxBytes: 5, maxEntries: 6, withoutTrackingMs: 2_000 },
      ttl: { defaultMs: 1_000, contextMs: 2_000, toolMs: 3_000, embeddingMs: 4_000, promptMs: 5_000, maxMs: 6_000 },
      graceMs: 7_000,
      maxValueBytes: 7,
      compressMinBytes: 8,
      encryptionKeys: [
        { id: 'a', key: Buffer.alloc(32, 1) },
        { id: 'b', key: Buffer.alloc(32, 2) },
      ],
      embeddings: { enabled: true },
      resolveScope: resolve,
      cascade,
    });
  });

  it.each(['off', '0s', undefined] as const)('keeps nothing without tracking for %j', (withoutTracking) => {
    const memory = withoutTracking === undefined ? {} : { withoutTracking };
    expect(resolveOptions({ memory }).memory.withoutTrackingMs).toBeNull();
  });

  it('cuts every time to live to the longest one', () => {
    expect(resolveOptions({ ttl: { max: '10m' } }).ttl).toEqual({
      defaultMs: 600_000,
      contextMs: 600_000,
      toolMs: 600_000,
      embeddingMs: 600_000,
      promptMs: 600_000,
      maxMs: 600_000,
    });
  });

  it('knows Cluster and Sentinel', () => {
    const cluster = resolveOptions({ redis: { clusterNodes: ['a:1', 'b:2'] } }).redis;
    expect(cluster?.topology).toEqual({ mode: 'cluster', nodes: ['a:1', 'b:2'] });
    const sentinel = resolveOptions({ redis: { sentinels: ['a:1'], sentinelName: 'm' } }).redis;
    expect(sentinel?.topology).toEqual({ mode: 'sentinel', sentinels: ['a:1'], name: 'm' });
  });

  it('takes an empty URL and empty lists for memory only', () => {
    expect(resolveOptions({ redis: { url: '', clusterNodes: [], sentinels: [], sentinelName: '' } }).redis).toBeNull();
  });

  it('names every wrong option in one error, with what it was and what is allowed', () => {
    const error = errorOf({
      enabled: 'yes',
      prefix: 'a:b',
      redis: {
        url: 'http://:hunter2@h',
        timeout: 100,
        connectTimeout: '0ms',
        maxInFlight: 0,
        connections: 1.5,
        minReplicas: -1,
        password: 12345,
        tls: true,
      },
      memory: { maxBytes: '64mb', maxEntries: 0, withoutTracking: 5 },
      ttl: { default: 3600, tool: '0s', max: 'soon' },
      grace: -1,
      compress: { minBytes: -1 },
      encryption: { keys: ['k1:hunter2'] },
      embeddings: { enabled: 0 },
      scope: { resolve: 'tenant' },
      cascade: { tag: { prices: ['shop'] }, resource: null },
    });
    expect(error.code).toBe('CACHE_CONFIGURATION');
    expect(error.message.split('\n')).toEqual([
      'The options of the cache are wrong. Correct:',
      "  - enabled is 'yes': expected true or false",
      "  - prefix is 'a:b': expected 1 to 64 letters, digits, '.', '_' or '-' that begin with a letter or digit, such as 'my-app'",
      "  - redis.url is 'http://:***@h': expected a URL such as 'redis://localhost:6379' or 'rediss://:password@host:6380/0'",
      "  - redis.timeout is 100: expected a duration from 1ms to 60000ms, such as '100ms'",
      "  - redis.connectTimeout is '0ms': expected a duration from 1ms to 60000ms, such as '2s'",
      '  - redis.maxInFlight is 0: expected a whole number from 1 to 1000000, such as 512',
      '  - redis.connections is 1.5: expected a whole number from 1 to 64, such as 2',
      '  - redis.minReplicas is -1: expected a whole number from 0 to 64, such as 1',
      '  - redis.password is ***: expected a text',
      '  - redis.tls is true: expected an object',
      "  - memory.maxBytes is '64mb': expected a whole number of at least 0, such as 67108864",
      '  - memory.maxEntries is 0: expected a whole number of at least 1, such as 10000',
      "  - memory.withoutTracking is 5: expected a duration, such as '1s', or 'off'",
      "  - ttl.max is 'soon': expected a duration of at least 1ms, such as '30d'",
      "  - ttl.default is 3600: expected a duration of at least 1ms, such as '1h'",
      "  - ttl.tool is '0s': expected a duration of at least 1ms, such as '30m'",
      "  - grace is -1: expected a duration of at least 0ms, such as '10m'",
      '  - compress.minBytes is -1: expected a whole number of at least 0, such as 4096',
      "  - encryption.keys: key 1 of 1 has another form: expected 'id:base64' of 32 bytes each, every id once",
      '  - embeddings.enabled is 0: expected true or false',
      "  - scope.resolve is 'tenant': expected a function",
      '  - cascade.tag is of type object: expected a function',
      '  - cascade.resource is null: expected a function',
    ]);
    expect(error.message).not.toContain('hunter2');
    expect(error.message).not.toContain('12345');
  });

  it('refuses names that are no options, in every group, and shows no value', () => {
    const groups = ['redis', 'memory', 'ttl', 'compress', 'encryption', 'embeddings', 'metrics', 'scope', 'cascade'];
    const wrong = Object.fromEntries(groups.map((group) => [group, { nope: 'hunter2' }]));
    const { message } = errorOf({ ...wrong, prefx: 'hunter2', tools: {} });
    const named = [...message.matchAll(/ - (\S+) is no option: expected some of \w+/g)].map(([, path]) => path);
    expect(named.sort()).toEqual([...groups.map((group) => `${group}.nope`), 'prefx', 'tools'].sort());
    expect(message).not.toContain('hunter2');
  });

  it('takes a name that is no option and undefined for absent', () => {
    expect(resolveOptions({ prefx: undefined } as CacheOptions)).toEqual(resolveOptions());
  });

  it('checks metrics.aggregate, which has no effect yet', () => {
    expect(resolveOptions({ metrics: { aggregate: true } })).toEqual(resolveOptions());
    expect(errorOf({ metrics: { aggregate: 'yes' } }).message).toContain(
      "metrics.aggregate is 'yes': expected true or false",
    );
  });

  it.each([null, 'x', 5, [], true])('refuses a group that is %j', (group) => {
    expect(errorOf({ redis: group }).message).toMatch(/redis is .*: expected an object with options/);
  });

  it.each([
    [
      { url: 'redis://h', clusterNodes: ['h:1'] },
      /redis\.url, redis\.clusterNodes and redis\.sentinels exclude one another/,
    ],
    [{ clusterNodes: ['h:1'], sentinels: ['h:1'], sentinelName: 'm' }, /exclude one another/],
    [{ sentinels: ['h:1'] }, /redis\.sentinels and redis\.sentinelName belong together/],
    [{ sentinelName: 'm' }, /belong together/],
    [{ clusterNodes: 'h:1' }, /redis\.clusterNodes is 'h:1': expected an array of 'host:port'/],
    [{ clusterNodes: ['h:1', 'redis://:hunter2@h'] }, /redis\.clusterNodes\[1\] is 'redis:\/\/:\*\*\*@h'/],
    [{ sentinels: [6379], sentinelName: 'm' }, /redis\.sentinels\[0\] is 6379/],
    [{ url: 6379 }, /redis\.url is 6379/],
    [{ url: 'hunter2' }, /redis\.url is '\*\*\*'/],
    [{ url: 'redis://default:hunter2' }, /redis\.url is 'redis:\/\/\*\*\*'/],
    [{ clusterNodes: ['redis://:hunter2'] }, /redis\.clusterNodes\[0\] is 'redis:\/\/\*\*\*'/],
    [{ url: 'redis://h', timeout: null }, /redis\.timeout is null/],
  ])('refuses the Redis %j', (redis, message) => {
    expect(errorOf({ redis }).message).toMatch(message);
    expect(errorOf({ redis }).message).not.toContain('hunter2');
  });

  it.each(['', 'a:b', '-a', '.a', 'a b', 'ä', '*', 'a'.repeat(65), 5, null])('refuses the prefix %j', (prefix) => {
    expect(errorOf({ prefix }).message).toContain('prefix is ');
  });

  it.each([
    ['text in place of a list', `a:${key(1)}`],
    ['31 bytes', [`a:${Buffer.alloc(31, 1).toString('base64')}`]],
    ['33 bytes', [`a:${Buffer.alloc(33, 1).toString('base64')}`]],
    ['no id', [key(1)]],
    ['an empty id', [`:${key(1)}`]],
    ['one id twice', [`a:${key(1)}`, `a:${key(2)}`]],
    ['a number', [5]],
  ])('refuses encryption keys with %s and shows none of them', (_, keys) => {
    const { message } = errorOf({ encryption: { keys } });
    expect(message).toContain('encryption.keys');
    expect(message).not.toContain(key(1).slice(0, 10));
  });

  it.each<[string, unknown]>([
    ['encryption.keys', { encryption: { keys: 'k1:hunter2' } }],
    ['encryption', { encryption: 'k1:hunter2' }],
    ['redis.tls', { redis: { url: 'redis://localhost', tls: 'hunter2' } }],
  ])('does not show a text that stands in place of %s', (name, options) => {
    const { message } = errorOf(options);
    expect(message).toContain(`${name} is ***`);
    expect(message).not.toContain('hunter2');
  });

  it('reads keys as openssl and as URLs write them', () => {
    const secret = Buffer.alloc(32, 0xfb);
    const texts = [`a:${secret.toString('base64')}`, `b:${secret.toString('base64url')}`];
    expect(resolveOptions({ encryption: { keys: texts } }).encryptionKeys.map((each) => each.key)).toEqual([
      secret,
      secret,
    ]);
  });

  it('does not touch the options it is given', () => {
    const options = Object.freeze({ redis: Object.freeze({ clusterNodes: Object.freeze(['a:1']) }) });
    expect(() => resolveOptions(options)).not.toThrow();
  });
});
