import { describe, expect, it } from '@jest/globals';
import { maskUrl, maskValue } from '../../../src/core/policy/mask-secrets.js';

const KEY = Buffer.alloc(32, 7).toString('base64');

describe('maskValue', () => {
  it.each([
    ['redis://:hunter2@host:6379/0', 'redis://:***@host…'],
    ['rediss://user:hunter2@host', 'rediss://:***@host'],
    ['redis://hunter2@host', 'redis://:***@host'],
    ['redis://:hun@ter2@host', 'redis://:***@host'],
    ['redis://:hun ter2@host', 'redis://:***@host'],
    ['redis://:hun\nter2@host', 'redis://:***@host'],
    ['redis://host:6379/hunter2', 'redis://host…'],
    ['redis://host?password=hun,ter2&db=1', 'redis://host…'],
    ['redis://[::1]:6379/x', 'redis://[::1]…'],
  ])('shows the host of the URL %j alone', (value, masked) => {
    expect(maskValue(value)).toBe(masked);
  });

  it.each([
    'redis://default:hunter2',
    'redis://:hunter2',
    'redis://:hunter2/0',
    'redis://:hunter2%40host:6379',
    'redis://:hun/ter2@host',
    'redis://hun#ter2@host',
    'redis://hun?ter2@host',
    'redis://host:6379:hunter2',
    'redis:// :hunter2',
    'redis://h:70000?password=hun,ter2',
    'redis://:hunter2,host:6379',
  ])('shows nothing but the scheme of %j, which is no URL or may hold a password at its front', (value) => {
    expect(maskValue(value)).toBe('redis://***');
  });

  it.each([
    ['hun ter2@host', ':***@host'],
    ['a,b,:hunter2@host', ':***@host'],
    ['redis:/:hunter2@host', ':***@host'],
    ['a:1,:hunter2@b:1,redis://:hunter2@c:2', ':***@b:1,redis://:***@c…'],
    ['a:1,redis://:hunter2', 'a:1,redis://***'],
    ['host:6379,password=hun,ter2', 'host:6379,password=***'],
    ['redis_password: hunter2', 'redis_password: ***'],
    [`k1:${KEY}`, 'k1:***'],
    ['10.0.0.1', '10.0.0.1'],
  ])('shows %j as %j', (value, masked) => {
    expect(maskValue(value)).toBe(masked);
  });

  it('stays on one line and short', () => {
    expect(maskValue('a\nb\u0000c')).toBe('a?b?c');
    expect(maskValue('ab '.repeat(10_000)).length).toBeLessThan(100);
    expect(maskValue(`http://${'a.'.repeat(10_000)}`).length).toBeLessThan(100);
  });
});

describe('maskUrl', () => {
  it('shows nothing of a text that has no scheme at its front, since it may be the password', () => {
    expect(maskUrl('hunter2')).toBe('***');
    expect(maskUrl('hunter2 redis://host')).toBe('***');
    expect(maskUrl('http://user:hunter2@host')).toBe('http://:***@host');
  });
});
