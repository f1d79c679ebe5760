import { describe, expect, it } from '@jest/globals';
import { CacheArgumentError, CacheKeyError } from '../../../src/core/errors.js';
import { CacheKeyGenerator } from '../../../src/core/key/cache-key-generator.js';

const keys = new CacheKeyGenerator();
const HASH = /^[0-9a-f]{64}$/;

describe('contextKey', () => {
  it('is readable', () => {
    expect(keys.contextKey('task-abc123', 5)).toBe('context:task-abc123:5');
    expect(keys.contextKey('task-abc123', 0)).toBe('context:task-abc123:0');
  });

  it('tells turns of different types apart', () => {
    expect(keys.contextKey('t', '5')).toBe('context:t:~5');
    expect(keys.contextKey('t', 'last')).toBe('context:t:last');
    expect(keys.contextKey('t', -0)).not.toBe(keys.contextKey('t', 0));
  });

  it.each([
    ['*', 'context:%2A:1'],
    ['a:b', 'context:a%3Ab:1'],
    ['', 'context::1'],
    ['__proto__', 'context:__proto__:1'],
    ['😀', 'context:%F0%9F%98%80:1'],
    ["a [b] 'c' (d)!", 'context:a%20%5Bb%5D%20%27c%27%20%28d%29%21:1'],
  ])('escapes the id %j', (id, key) => {
    expect(keys.contextKey(id, 1)).toBe(key);
  });

  it('shortens an id of 10 KB, and tells two of them apart', () => {
    const one = keys.contextKey('x'.repeat(10_000), 1);
    expect(one).toMatch(/^context:#[0-9a-f]{64}:1$/);
    expect(keys.contextKey(`${'x'.repeat(9_999)}y`, 1)).not.toBe(one);
  });

  it.each([NaN, Infinity, -Infinity, undefined, null, {}, true, 5n])('refuses the turn %p', (turn) => {
    expect(() => keys.contextKey('t', turn as number)).toThrow(CacheKeyError);
  });

  it.each([undefined, null, 5, {}])('refuses the task id %p', (id) => {
    expect(() => keys.contextKey(id as string, 1)).toThrow(CacheArgumentError);
  });

  it('refuses an id with a lone surrogate', () => {
    expect(() => keys.contextKey('a\ud800', 1)).toThrow(CacheKeyError);
  });
});

describe('toolKey', () => {
  it('holds the tool and a hash of all that went in', () => {
    const key = keys.toolKey('read_file', { path: 'a', limit: 1 });
    expect(key).toMatch(/^tool:read_file:[0-9a-f]{64}$/);
    expect(keys.toolKey('read_file', { limit: 1, path: 'a' })).toBe(key);
  });

  it('depends on tool, parameters, version and vary, each on its own', () => {
    const all = [
      keys.toolKey('a', { x: 1 }),
      keys.toolKey('b', { x: 1 }),
      keys.toolKey('a', { x: '1' }),
      keys.toolKey('a', { x: 1 }, { version: '2' }),
      keys.toolKey('a', { x: 1 }, { vary: '2' }),
      keys.toolKey('a', { x: 1 }, { version: '2', vary: '2' }),
      keys.toolKey('a', { params: { x: 1 } }),
      keys.toolKey('a', undefined),
      keys.toolKey('a', null),
      keys.toolKey('a', {}),
    ];
    expect(new Set(all).size).toBe(all.length);
  });

  it('takes options that are undefined for absent', () => {
    const of = { version: undefined, vary: undefined } as unknown as { version: string };
    expect(keys.toolKey('a', { x: 1 }, of)).toBe(keys.toolKey('a', { x: 1 }));
  });

  it('refuses a wrong call', () => {
    expect(() => keys.toolKey('', {})).toThrow(CacheArgumentError);
    expect(() => keys.toolKey(5 as unknown as string, {})).toThrow(CacheArgumentError);
    expect(() => keys.toolKey('a', {}, { version: 2 as unknown as string })).toThrow(CacheArgumentError);
    expect(() => keys.toolKey('a', {}, null as unknown as object)).toThrow(CacheArgumentError);
  });
});

describe('embeddingKey', () => {
  it('depends on text, model, role and dimensions, each on its own', () => {
    const all = [
      keys.embeddingKey('a', { model: 'm' }),
      keys.embeddingKey('b', { model: 'm' }),
      keys.embeddingKey('a', { model: 'n' }),
      keys.embeddingKey('a', { model: 'm', role: 'query' }),
      keys.embeddingKey('a', { model: 'm', role: 'document' }),
      keys.embeddingKey('a', { model: 'm', dimensions: 256 }),
      keys.embeddingKey('', { model: 'm' }),
    ];
    expect(new Set(all).size).toBe(all.length);
    expect(all[0]).toMatch(/^embed:[0-9a-f]{64}$/);
  });

  it.each<[unknown, unknown]>([
    [5, { model: 'm' }],
    ['a', {}],
    ['a', { model: '' }],
    ['a', undefined],
    ['a', { model: 'm', role: 1 }],
    ['a', { model: 'm', dimensions: 0 }],
    ['a', { model: 'm', dimensions: 1.5 }],
    ['a', { model: 'm', dimensions: '256' }],
  ])('refuses the call %#', (text, of) => {
    expect(() => keys.embeddingKey(text as string, of as { model: string })).toThrow(CacheArgumentError);
  });
});

describe('promptKey', () => {
  it('depends on context, template, tools and model, each on its own', () => {
    const all = [
      keys.promptKey({ a: 1 }),
      keys.promptKey({ a: 2 }),
      keys.promptKey({ a: 1 }, { template: 't' }),
      keys.promptKey({ a: 1 }, { tools: ['t'] }),
      keys.promptKey({ a: 1 }, { model: 't' }),
    ];
    expect(new Set(all).size).toBe(all.length);
    expect(all[0]).toMatch(/^prompt:[0-9a-f]{64}$/);
  });

  it('refuses a wrong call', () => {
    expect(() => keys.promptKey({}, { model: 5 as unknown as string })).toThrow(CacheArgumentError);
  });
});

describe('key', () => {
  it('keeps plain parts readable and typed', () => {
    expect(keys.key('n', 'a', 5, -1.5, true, null, '5', 'true', '~x', 1e21)).toBe(
      'n:a:5:-1.5:true:null:~5:~true:~~x:1e%2B21',
    );
    expect(keys.key('n', '007', '1e3', 'v1', '2024-01-01')).toBe('n:007:1e3:v1:2024-01-01');
  });

  it('hashes everything else', () => {
    for (const part of [{ a: 1 }, [1], undefined, NaN, -0, 5n, new Date(0)]) {
      expect(keys.key('n', part)).toMatch(/^n:#[0-9a-f]{64}$/);
    }
  });

  it('tells parts apart from their joints', () => {
    const all = [
      keys.key('a', 'b:c'),
      keys.key('a', 'b', 'c'),
      keys.key('a:b', 'c'),
      keys.key('a'),
      keys.key('a', ''),
      keys.key('a', '', ''),
    ];
    expect(new Set(all).size).toBe(all.length);
  });

  it('tells a long text from the value that it is the text of', () => {
    const value = { text: 'x'.repeat(500) };
    expect(keys.key('n', JSON.stringify(value))).not.toBe(keys.key('n', value));
    expect(keys.key('n', `#${keys.hash(value)}`)).not.toBe(keys.key('n', value));
  });

  it('has no segment of more than 202 characters', () => {
    const longest = ['~', '!'].flatMap((first) => Array.from({ length: 201 }, (_, n) => first + 'a'.repeat(n)));
    const lengths = longest.flatMap((text) => keys.key(text, text).split(':')).map((segment) => segment.length);
    expect(Math.max(...lengths)).toBe(202);
  });

  it('makes the keys of the other methods under their namespaces', () => {
    expect(keys.key('context', 't', 5)).toBe(keys.contextKey('t', 5));
  });

  it('keeps out of the keys that begin with ~', () => {
    expect(keys.key('~tag', 'a')).toBe('%7Etag:a');
    expect(keys.key('%7Etag', 'a')).toBe('%257Etag:a');
  });

  it.each(['', undefined, null, 5, {}])('refuses the namespace %p', (namespace) => {
    expect(() => keys.key(namespace as string)).toThrow(CacheArgumentError);
  });
});

describe('hash', () => {
  it('is as long as it is asked to be', () => {
    expect(keys.hash('a')).toMatch(HASH);
    expect(keys.hash('a', 64)).toBe(keys.hash('a'));
    expect(keys.hash('a', 16)).toBe(keys.hash('a').slice(0, 16));
  });

  it.each([15, 65, 0, -1, 16.5, NaN, Infinity, '16', null])('refuses the length %p', (length) => {
    expect(() => keys.hash('a', length as number)).toThrow(CacheArgumentError);
  });
});
