import { describe, expect, it } from '@jest/globals';
import { isNodeAddress, isRedisUrl, parseNodeAddress, parseRedisUrl } from '../../../src/core/policy/redis-address.js';

describe('isRedisUrl', () => {
  it.each([
    'redis://localhost',
    'redis://localhost:6379',
    'rediss://:p%40ss@cache.internal:6380/0',
    'redis://user:pass@10.0.0.1/15',
    'redis://[::1]:6379',
    'redis://host:6379/',
    'REDIS://host',
    ' rediss://host\n',
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
    'redis://%4:0x@host',
    'redis://m\u00fcller',
    'redis://host?family=6',
    'redis://host?password=hunter2',
    'redis://localhost:6379/0?name=me@example.com',
    'redis://localhost:6399#@evil',
    'redis://ho st',
  ])('refuses %j', (text) => {
    expect(isRedisUrl(text)).toBe(false);
  });
});

describe('a Redis URL', () => {
  const plain = { username: undefined, password: undefined, db: 0, isTls: false };
  it.each([
    ['redis://localhost', { ...plain, host: 'localhost', port: 6379 }],
    ['redis://10.0.0.1:7000', { ...plain, host: '10.0.0.1', port: 7000 }],
    ['redis://[::1]:7000/', { ...plain, host: '::1', port: 7000 }],
    ['REDISS://h', { ...plain, host: 'h', port: 6379, isTls: true }],
    ['redis://h/3', { ...plain, host: 'h', port: 6379, db: 3 }],
    ['redis://:pass@h', { ...plain, host: 'h', port: 6379, password: 'pass' }],
    ['redis://user@h', { ...plain, host: 'h', port: 6379, username: 'user' }],
    ['redis://user:p%40ss%3A@h:1/2', { ...plain, host: 'h', port: 1, db: 2, username: 'user', password: 'p@ss:' }],
    ['redis://user:p@ss:word@h', { ...plain, host: 'h', port: 6379, username: 'user', password: 'p@ss:word' }],
  ])('%s is read', (url, expected) => {
    expect(parseRedisUrl(url)).toEqual(expected);
  });
});

describe('the address of a node', () => {
  it.each([
    ['h:7000', { host: 'h', port: 7000 }],
    ['[::1]:7000', { host: '::1', port: 7000 }],
  ])('%s is read', (address, expected) => {
    expect(parseNodeAddress(address)).toEqual(expected);
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
