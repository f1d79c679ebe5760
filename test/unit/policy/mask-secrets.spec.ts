import { describe, expect, it } from '@jest/globals';
import { maskSecrets, maskUrl, maskValue } from '../../../src/core/policy/mask-secrets.js';

const KEY = Buffer.alloc(32, 7).toString('base64');

describe('maskSecrets', () => {
  it.each([
    ['redis://:hunter2@host:6379/0', 'redis://:***@host:6379/0'],
    ['rediss://user:hunter2@host', 'rediss://:***@host'],
    ['redis://hunter2@host', 'redis://:***@host'],
    ['redis://:hun@ter2@host', 'redis://:***@host'],
    ['redis://:hun/ter2@host', 'redis://:***@host'],
    ['connect to redis://:hunter2@host failed', 'connect to redis://:***@host failed'],
    ['redis://host?password=hunter2&db=1', 'redis://host?password=***&db=1'],
    ['host:6379,password=hunter2,ssl=true', 'host:6379,password=***,ssl=true'],
    ['redis_password: hunter2', 'redis_password: ***'],
    [`k1:${KEY}`, 'k1:***'],
    ['redis://host:6379', 'redis://host:6379'],
  ])('turns %s into %s', (text, masked) => {
    expect(maskSecrets(text)).toBe(masked);
  });
});

describe('maskValue', () => {
  it.each([
    'redis://:hun ter2@host',
    'hun ter2@host',
    'a,b,:hunter2@host',
    'redis:/:hunter2@host',
    'redis://:hun\nter2@host',
  ])('shows nothing that stands before the last @ of %j', (value) => {
    expect(maskValue(value)).not.toMatch(/hun|ter2/);
    expect(maskValue(value)).toContain('***@host');
  });

  it('stays on one line and short', () => {
    expect(maskValue('a\nb\u0000c')).toBe('a?b?c');
    expect(maskValue('ab '.repeat(10_000)).length).toBeLessThan(100);
  });
});

describe('maskUrl', () => {
  it('shows nothing of a text that has no scheme, since it may be the password', () => {
    expect(maskUrl('hunter2')).toBe('***');
    expect(maskUrl('http://user:hunter2@host')).toBe('http://:***@host');
  });
});
