import { describe, expect, it } from '@jest/globals';
import { CacheConfigurationError } from '../../../src/core/errors.js';
import { resolveOptions } from '../../../src/core/policy/resolve-options.js';
import { warningsOf } from '../../../src/nest/config/environment-warnings.js';
import { readCacheEnvironment } from '../../../src/nest/config/read-environment.js';

const KEY = Buffer.alloc(32, 7).toString('base64');
const OTHER_KEY = Buffer.alloc(32, 8).toString('base64');

function read(env: NodeJS.ProcessEnv) {
  const options = readCacheEnvironment(env);
  const warnings = warningsOf(env);
  return { options, warnings, resolved: resolveOptions(options) };
}

function linesOf(env: NodeJS.ProcessEnv): string[] {
  try {
    read(env);
  } catch (error) {
    if (!(error instanceof CacheConfigurationError)) throw error;
    const [head, ...lines] = error.message.split('\n');
    expect(head).toBe('The environment variables of the cache are wrong. Correct:');
    return lines.map((line) => line.replace(/^ {2}- /, ''));
  }
  return [];
}

describe('readCacheEnvironment', () => {
  it('comes to the same defaults as options in code', () => {
    expect(read({}).resolved).toEqual(resolveOptions({}));
    expect(read({}).warnings).toEqual([]);
  });

  it('reads every variable', () => {
    const { resolved } = read({
      CACHE_ENABLED: 'false',
      CACHE_PREFIX: 'shop',
      REDIS_URL: 'rediss://:pw@cache.internal:6380/2',
      CACHE_REDIS_TIMEOUT: '50ms',
      CACHE_REDIS_CONNECT_TIMEOUT: '3',
      CACHE_REDIS_MAX_IN_FLIGHT: '64',
      CACHE_REDIS_CONNECTIONS: '4',
      CACHE_REDIS_MIN_REPLICAS: '1',
      CACHE_MEMORY_MAX_BYTES: '1mb',
      CACHE_MEMORY_WITHOUT_TRACKING: '2',
      CACHE_DEFAULT_TTL: '60',
      CACHE_TTL_CONTEXT: '2m',
      CACHE_TTL_TOOL: '3m',
      CACHE_TTL_EMBEDDING: '4m',
      CACHE_TTL_PROMPT: '1.5m',
      CACHE_MAX_TTL: '1d',
      CACHE_GRACE: '10m',
      CACHE_MAX_VALUE_BYTES: '2mb',
      CACHE_COMPRESS_MIN_BYTES: '4kb',
      CACHE_ENCRYPTION_KEYS: `k2:${OTHER_KEY}, k1:${KEY}`,
    });
    expect(resolved).toEqual({
      enabled: false,
      prefix: 'shop',
      redis: {
        topology: { mode: 'standalone', url: 'rediss://:pw@cache.internal:6380/2' },
        timeoutMs: 50,
        connectTimeoutMs: 3_000,
        maxInFlight: 64,
        connections: 4,
        minReplicas: 1,
        username: undefined,
        password: undefined,
        tls: undefined,
      },
      memory: { maxBytes: 1_048_576, maxEntries: undefined, withoutTrackingMs: 2_000 },
      ttl: {
        defaultMs: 60_000,
        contextMs: 120_000,
        toolMs: 180_000,
        embeddingMs: 240_000,
        promptMs: 90_000,
        maxMs: 86_400_000,
      },
      graceMs: 600_000,
      maxValueBytes: 2_097_152,
      compressMinBytes: 4_096,
      encryptionKeys: [
        { id: 'k2', key: Buffer.alloc(32, 8) },
        { id: 'k1', key: Buffer.alloc(32, 7) },
      ],
      embeddings: { enabled: true },
      resolveScope: undefined,
      cascade: {},
    });
  });

  it.each([
    ['off', null],
    ['OFF', null],
    ['0', null],
    ['1500ms', 1_500],
    ['1.5', 1_500],
  ])('keeps entries without tracking for %s', (text, ms) => {
    expect(read({ CACHE_MEMORY_WITHOUT_TRACKING: text }).resolved.memory.withoutTrackingMs).toBe(ms);
  });

  it('reads the other topologies', () => {
    const cluster = read({ CACHE_REDIS_CLUSTER_NODES: 'a:1, b:2,' }).resolved.redis?.topology;
    expect(cluster).toEqual({ mode: 'cluster', nodes: ['a:1', 'b:2'] });
    const sentinel = read({ CACHE_REDIS_SENTINELS: 'a:1,b:2', CACHE_REDIS_SENTINEL_NAME: 'main' }).resolved.redis
      ?.topology;
    expect(sentinel).toEqual({ mode: 'sentinel', sentinels: ['a:1', 'b:2'], name: 'main' });
  });

  it('counts an empty variable, and one of spaces, as absent', () => {
    expect(read({ REDIS_URL: '', CACHE_PREFIX: '  ', CACHE_GRACE: '\t', CACHE_TTL: ' ', ENABLE_CACHE: '' })).toEqual(
      read({}),
    );
  });

  it('drops spaces around a value', () => {
    expect(read({ CACHE_PREFIX: ' shop ', CACHE_ENABLED: ' no\n' }).resolved).toMatchObject({
      prefix: 'shop',
      enabled: false,
    });
  });

  it.each([
    ['true', true],
    ['TRUE', true],
    ['1', true],
    ['Yes', true],
    ['on', true],
    ['false', false],
    ['False', false],
    ['0', false],
    ['NO', false],
    ['off', false],
  ])('reads the boolean %s as %s', (text, value) => {
    expect(read({ CACHE_ENABLED: text }).options.enabled).toBe(value);
  });

  it('keeps a 0 where it means off', () => {
    const { resolved } = read({ CACHE_MEMORY_MAX_BYTES: '0', CACHE_GRACE: '0', CACHE_COMPRESS_MIN_BYTES: '0' });
    expect(resolved).toMatchObject({ memory: { maxBytes: 0 }, graceMs: 0, compressMinBytes: 0 });
  });

  it('names every wrong variable in one error, each on its own line', () => {
    const timeToLive = 'a duration of at least 1ms; a bare number means seconds; such as 30m or 3600';
    const timeout = 'a duration from 1ms to 60s; a bare number means seconds; such as 100ms';
    const size = 'a size in bytes, kb, mb or gb, or 0 for off, such as 64mb';
    const lines = linesOf({
      CACHE_ENABLED: 'maybe',
      CACHE_PREFIX: 'a:b',
      REDIS_URL: 'http://:hunter2@cache',
      CACHE_REDIS_TIMEOUT: '100',
      CACHE_REDIS_CONNECT_TIMEOUT: '0',
      CACHE_REDIS_MAX_IN_FLIGHT: '0',
      CACHE_REDIS_CONNECTIONS: '1.5',
      CACHE_REDIS_MIN_REPLICAS: '65',
      CACHE_MEMORY_MAX_BYTES: '-1',
      CACHE_MEMORY_WITHOUT_TRACKING: 'never',
      CACHE_DEFAULT_TTL: '0',
      CACHE_TTL_CONTEXT: 'soon',
      CACHE_TTL_TOOL: '-5m',
      CACHE_TTL_EMBEDDING: '1 h',
      CACHE_TTL_PROMPT: '1w',
      CACHE_MAX_TTL: 'Infinity',
      CACHE_GRACE: 'off',
      CACHE_COMPRESS_MIN_BYTES: '4k',
      CACHE_ENCRYPTION_KEYS: 'k1:hunter2',
      CACHE_ADMIN_TOKEN: 'hunter2',
      CACHE_METRICS_AGGREGATE: 'x',
    });
    expect(lines.sort()).toEqual(
      [
        "CACHE_ENABLED is 'maybe': expected true or false (also 1/0, yes/no, on/off), such as true",
        "CACHE_PREFIX is 'a:b': expected 1 to 64 letters, digits, '.', '_' or '-' that begin with a letter or digit, such as my-app",
        "REDIS_URL is 'http://:***@cache': expected a redis:// or rediss:// URL with no more than a port and a number behind the host, such as redis://localhost:6379/0",
        `CACHE_REDIS_TIMEOUT is '100': expected ${timeout}`,
        `CACHE_REDIS_CONNECT_TIMEOUT is '0': expected ${timeout}`,
        "CACHE_REDIS_MAX_IN_FLIGHT is '0': expected a whole number from 1 to 1000000, such as 1",
        "CACHE_REDIS_CONNECTIONS is '1.5': expected a whole number from 1 to 64, such as 1",
        "CACHE_REDIS_MIN_REPLICAS is '65': expected a whole number from 0 to 64, such as 0",
        `CACHE_MEMORY_MAX_BYTES is '-1': expected ${size}`,
        "CACHE_MEMORY_WITHOUT_TRACKING is 'never': expected a duration, or off; a bare number means seconds; such as 1s",
        `CACHE_DEFAULT_TTL is '0': expected ${timeToLive}`,
        `CACHE_TTL_CONTEXT is 'soon': expected ${timeToLive}`,
        `CACHE_TTL_TOOL is '-5m': expected ${timeToLive}`,
        `CACHE_TTL_EMBEDDING is '1 h': expected ${timeToLive}`,
        `CACHE_TTL_PROMPT is '1w': expected ${timeToLive}`,
        `CACHE_MAX_TTL is 'Infinity': expected ${timeToLive}`,
        "CACHE_GRACE is 'off': expected a duration, or 0 for off; a bare number means seconds; such as 10m",
        `CACHE_COMPRESS_MIN_BYTES is '4k': expected ${size}`,
        "CACHE_ENCRYPTION_KEYS is '***': expected id:base64 of 32 bytes each, every id once, with commas in between; `openssl rand -base64 32` makes such bytes",
        "CACHE_ADMIN_TOKEN is '***': expected at least 16 characters without spaces, several with commas in between; `openssl rand -hex 32` makes such a token",
        "CACHE_METRICS_AGGREGATE is 'x': expected true or false (also 1/0, yes/no, on/off), such as true",
      ].sort(),
    );
  });

  it.each([
    [
      { REDIS_URL: 'redis://h', CACHE_REDIS_CLUSTER_NODES: 'a:1' },
      'REDIS_URL and CACHE_REDIS_CLUSTER_NODES exclude one another',
    ],
    [
      { CACHE_REDIS_CLUSTER_NODES: 'a:1', CACHE_REDIS_SENTINELS: 'b:1', CACHE_REDIS_SENTINEL_NAME: 'm' },
      'CACHE_REDIS_CLUSTER_NODES and CACHE_REDIS_SENTINELS exclude one another',
    ],
    [{ CACHE_REDIS_SENTINELS: 'b:1' }, 'CACHE_REDIS_SENTINELS needs CACHE_REDIS_SENTINEL_NAME'],
    [{ CACHE_REDIS_SENTINEL_NAME: 'm' }, 'CACHE_REDIS_SENTINEL_NAME needs CACHE_REDIS_SENTINELS'],
    [
      { CACHE_ENCRYPTION_KEYS: `a:${KEY},a:${OTHER_KEY}` },
      "CACHE_ENCRYPTION_KEYS is '***': expected id:base64 of 32 bytes each, every id once",
    ],
    [{ CACHE_REDIS_CLUSTER_NODES: ',' }, "CACHE_REDIS_CLUSTER_NODES is ',': expected host:port"],
    [
      { CACHE_REDIS_CLUSTER_NODES: 'a:1,redis://:hunter2@b:2' },
      "CACHE_REDIS_CLUSTER_NODES is 'a:1,redis://:***@b…': expected host:port",
    ],
    [{ CACHE_REDIS_SENTINELS: 'b', CACHE_REDIS_SENTINEL_NAME: 'my master' }, 'CACHE_REDIS_SENTINEL_NAME is '],
  ])('refuses the contradiction %j', (env, line) => {
    expect(linesOf(env).join('\n')).toContain(line);
    expect(linesOf(env).join('\n')).not.toContain('hunter2');
  });

  it('shows no secret, wherever it was put', () => {
    const secrets = {
      url: 'redis://:hunter2@host',
      bare: 'hunter2!',
      key: `k1:${KEY}`,
      query: 'redis://h/x?password=hunter2',
    };
    for (const secret of [secrets.url, secrets.key, secrets.query]) {
      const env = {
        CACHE_PREFIX: `${secret}:`,
        REDIS_URL: `${secret} `,
        CACHE_REDIS_SENTINELS: secret,
        CACHE_MAX_TTL: secret,
      };
      const text = linesOf({ ...env, CACHE_TTL_TOOL: secret, CACHE_ADMIN_TOKEN: 'hunter2' }).join('\n');
      expect(text).toContain('CACHE_PREFIX is');
      expect(text).not.toMatch(new RegExp(`hunter2|${KEY.slice(0, 12).replace(/[+/]/g, '.')}`));
    }
    expect(linesOf({ REDIS_URL: secrets.bare }).join('\n')).not.toContain('hunter2');
  });

  it.each([
    ['REDIS_URL', 'redis://default:hunter2', 'redis://***'],
    ['REDIS_URL', 'redis://:hunter2/0', 'redis://***'],
    ['REDIS_URL', 'redis://:hunter2%40host:6379', 'redis://***'],
    ['REDIS_URL', 'redis://h:70000?password=hun,ter2', 'redis://***'],
    ['CACHE_REDIS_SENTINELS', 'redis://:hunter2', 'redis://***'],
    ['CACHE_REDIS_CLUSTER_NODES', 'a:1,redis://:hunter2', 'a:1,redis://***'],
  ])('shows no password of %s=%s, which has no @', (name, text, shown) => {
    const lines = linesOf({ [name]: text, CACHE_REDIS_SENTINEL_NAME: name.includes('SENTINELS') ? 'main' : '' });
    expect(lines).toEqual([expect.stringContaining(`${name} is '${shown}': expected `)]);
  });

  it('checks a disabled cache as well, so that switching it on cannot fail', () => {
    expect(linesOf({ CACHE_ENABLED: 'false', CACHE_MAX_TTL: 'x' })).toHaveLength(1);
  });

  it.each([
    ['CACHE_GRASE', 'CACHE_GRACE'],
    ['CACHE_PREFX', 'CACHE_PREFIX'],
    ['CACHE_TTL_TOOLS', 'CACHE_TTL_TOOL'],
    ['CACHE_ENABELD', 'CACHE_ENABLED'],
    ['CACHE_REDIS_TIMEOUTMS', 'CACHE_REDIS_TIMEOUT'],
  ])('warns once that %s looks like %s', (name, meant) => {
    expect(read({ [name]: '1' }).warnings).toEqual([`${name} is not read by the cache: was ${meant} meant?`]);
  });

  it.each(['CACHE_DIR', 'CACHE_CONTROL_MAX_AGE', 'NPM_CACHE_PREFIX', 'CACHE_GRACELESS', 'REDIS_HOST'])(
    'says nothing of %s, which means something else',
    (name) => {
      expect(read({ [name]: '1' }).warnings).toEqual([]);
    },
  );

  it('says nothing of a misspelt variable that is empty', () => {
    expect(read({ CACHE_GRASE: '' }).warnings).toEqual([]);
  });

  it('warns of what is checked and has no effect', () => {
    const { warnings } = read({ CACHE_METRICS_AGGREGATE: 'true' });
    expect(warnings).toEqual(['CACHE_METRICS_AGGREGATE has no effect: this version counts every instance by itself']);
    expect(read({ CACHE_METRICS_AGGREGATE: 'false' }).warnings).toEqual([]);
  });
});
