import { describe, expect, it } from '@jest/globals';
import { isNodeAddress, isRedisUrl } from '../../../src/core/policy/redis-address.js';

describe('isRedisUrl', () => {
  it.each([
    'redis://localhost',
    'redis://localhost:6379',
    'rediss://:p%40ss@cache.internal:6380/0',
    'redis://user:pass@10.0.0.1/15',
    'redis://[::1]:6379',
    'redis://host:6379/',
    'redis://host?family=6',
  ])('accepts %s', (text) => {
    expect(isRedisUrl(text)).toBe(true);
  });

  it.each([
    '',
    'localhost:6379',
    'http://localhost',
    'redis:localhost',
    'redis://',
    'redis:///0',
    'redis://host:0',
    'redis://host:70000',
    'redis://host/db',
    'redis://host/0/1',
    'redis://:%zz@host',
    'redis://ho st',
  ])('refuses %j', (text) => {
    expect(isRedisUrl(text)).toBe(false);
  });
});

describe('isNodeAddress', () => {
  it.each(['10.0.0.1:6379', 'localhost:1', 'redis-0.redis.svc.cluster.local:65535', '[::1]:6379', 'my_redis:6379'])(
    'accepts %s',
    (text) => {
      expect(isNodeAddress(text)).toBe(true);
    },
  );

  it.each([
    '',
    'localhost',
    'localhost:',
    ':6379',
    'h:0',
    'h:65536',
    'h:port',
    'redis://h:6379',
    'a b:1',
    '::1:6379',
    'h:6379/0',
  ])('refuses %j', (text) => {
    expect(isNodeAddress(text)).toBe(false);
  });
});
