import { describe, expect, it } from '@jest/globals';
import { CacheConfigurationError } from '../../../src/core/errors.js';
import {
  clusterOptions,
  sentinelOptions,
  standaloneOptions,
} from '../../../src/tiers/redis/clients/connection-options.js';
import { reconnectDelayMs } from '../../../src/tiers/redis/connections/reconnect-delay.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';
import { redisOptions } from '../../support/redis-kit.js';

describe('connection options', () => {
  const failFast = {
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    replyMapping: 'legacy',
    connectTimeout: 2_000,
    keepAlive: 10_000,
    socketTimeout: 1_000,
    maxLoadingRetryTime: 100,
  };

  it('keep the library from queueing, repeating and reconnecting', () => {
    const options = standaloneOptions(redisOptions('redis://h'), 'redis://h');
    expect(options).toMatchObject(failFast);
    expect(options.retryStrategy?.(1)).toBeNull();
    expect(options).not.toHaveProperty('tls');
    expect(options).not.toHaveProperty('password');
    expect(options).not.toHaveProperty('commandTimeout');
  });

  it.each(['nonsense', 'redis://user:secret@h?x=1'])('refuse the address %j without showing it', (url) => {
    expect(() => standaloneOptions(redisOptions(url), url)).toThrow(CacheConfigurationError);
    expect(() => standaloneOptions(redisOptions(url), url)).not.toThrow(/secret|nonsense/);
  });

  it('use TLS for rediss, with the options given', () => {
    expect(standaloneOptions(redisOptions(''), 'rediss://h')).toMatchObject({ tls: {} });
    const tls = { ca: 'certificate' };
    expect(standaloneOptions(redisOptions('', { tls }), 'rediss://h')).toMatchObject({ tls });
  });

  it('never fall back to plain text when TLS options are given', () => {
    expect(standaloneOptions(redisOptions('', { tls: {} }), 'redis://h')).toMatchObject({ tls: {} });
  });

  it('prefer credentials of their own over those of the URL', () => {
    const options = redisOptions('', { username: 'me', password: 'mine' });
    expect(standaloneOptions(options, 'redis://user:pass@h')).toMatchObject({ username: 'me', password: 'mine' });
    expect(standaloneOptions(redisOptions(''), 'redis://user:pass@h')).toMatchObject({ password: 'pass' });
  });

  it('name the sentinels and encrypt the way to them too', () => {
    const tls = { ca: 'certificate' };
    const topology = { mode: 'sentinel', sentinels: ['a:1', 'b:2'], name: 'main' } as const;
    const options = sentinelOptions(
      redisOptions(topology, { tls, password: 'p', sentinelPassword: 's' }),
      topology,
      new FakeClock(),
    );
    expect(options).toMatchObject({
      ...failFast,
      sentinels: [
        { host: 'a', port: 1 },
        { host: 'b', port: 2 },
      ],
      name: 'main',
      password: 'p',
      sentinelPassword: 's',
      sentinelCommandTimeout: 500,
      tls,
      sentinelTLS: tls,
      enableTLSForSentinelMode: true,
    });
    expect(options.sentinelRetryStrategy?.(1)).toBeNull();
  });

  it('look for the new master when the old one is read-only, once a second at most', async () => {
    const clock = new FakeClock();
    const topology = { mode: 'sentinel', sentinels: ['a:1'], name: 'main' } as const;
    const { reconnectOnError } = sentinelOptions(redisOptions(topology), topology, clock);
    const readOnly = new Error("READONLY You can't write against a read only replica.");
    expect(reconnectOnError?.(new Error('OOM'))).toBe(false);
    expect([reconnectOnError?.(readOnly), reconnectOnError?.(readOnly)]).toEqual([1, false]);
    await clock.advance(1_000);
    expect(reconnectOnError?.(readOnly)).toBe(1);
  });

  it('give a cluster its queue and strategies at the top, where they count', () => {
    const topology = { mode: 'cluster', nodes: ['a:1'] } as const;
    const options = clusterOptions(redisOptions(topology, { username: 'u', password: 'p', tls: {} }));
    expect(options).toMatchObject({ enableOfflineQueue: false, retryDelayOnFailover: 0, scaleReads: 'master' });
    expect(options.redisOptions).toMatchObject({ username: 'u', password: 'p', tls: {}, maxRetriesPerRequest: 0 });
    expect(options.redisOptions).not.toHaveProperty('enableOfflineQueue');
    expect(options.clusterRetryStrategy?.(1)).toBeNull();
  });
});

describe('the delay between attempts to connect', () => {
  const delays = (isWanted: boolean) =>
    [0, 1_000, 10_000, 60_000, 3_600_000].map((downMs) =>
      reconnectDelayMs({ downMs, isWanted, briefCount: 0 }, () => 1),
    );

  it('adds half a percent to an outage while somebody asks, or 25 ms', () => {
    expect(delays(true)).toEqual([25, 25, 50, 300, 1_000]);
  });

  it('grows to two seconds while nobody asks', () => {
    expect(delays(false)).toEqual([50, 500, 2_000, 2_000, 2_000]);
  });

  it('doubles with each connection that does not last, from the second on, to a second while somebody asks', () => {
    const delay = (briefCount: number) => reconnectDelayMs({ downMs: 0, isWanted: true, briefCount }, () => 1);
    expect([1, 2, 3, 4, 20].map(delay)).toEqual([25, 50, 100, 200, 1_000]);
  });

  it('is jittered down to half', () => {
    expect(reconnectDelayMs({ downMs: 10_000, isWanted: true, briefCount: 0 }, () => 0)).toBe(25);
  });
});
