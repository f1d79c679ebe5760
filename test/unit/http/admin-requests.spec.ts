import { describe, expect, it } from '@jest/globals';
import { BadRequestException } from '@nestjs/common';
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { readExplainQuery, readInvalidateBody } from '../../../src/nest/http/admin/admin-requests.js';

const MARK = 'SECRET';

/** What was read, or what the caller is told; anything else that is thrown is a fault. */
function outcomeOf(read: () => object): { readonly read?: object; readonly message?: string } {
  try {
    return { read: read() };
  } catch (error) {
    if (error instanceof BadRequestException) return { message: error.message };
    throw error;
  }
}

const marked = fc.string({ maxLength: 8 }).map((text) => `${MARK}${text}`);
const leaf = fc.oneof(marked, fc.integer(), fc.boolean(), fc.constant(null), fc.constant(''), fc.constant('*'));
const names = fc.constantFrom(
  ...['key', 'tag', 'tags', 'resource', 'resources', 'context', 'namespace', 'scope', 'pattern', 'allowPattern'],
  ...['tenant', 'principal', 'level', 'type', 'id', '__proto__', 'constructor', 'toString', 'within', 'vary', 'state'],
);
const anyBody = fc.letrec((tie) => ({
  node: fc.oneof(
    { maxDepth: 3 },
    leaf,
    fc.array(tie('node'), { maxLength: 3 }),
    fc.array(fc.tuple(names, tie('node')), { maxLength: 3 }).map((pairs) => {
      const text = pairs.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join();
      return JSON.parse(`{${text}}`) as object;
    }),
  ),
})).node;

const rightBody = fc
  .tuple(fc.constantFrom('key', 'tag', 'context', 'namespace'), marked)
  .map(([form, text]) => ({ [form]: text }));

describe('readInvalidateBody', () => {
  it('reads exactly one form or says what is wrong, shows nothing of what was sent, and pollutes nothing', () => {
    let readCount = 0;
    fc.assert(
      fc.property(fc.oneof({ weight: 9, arbitrary: anyBody }, { weight: 1, arbitrary: rightBody }), (body) => {
        const { read, message } = outcomeOf(() => readInvalidateBody(body));
        if (read) readCount++;
        expect(message ?? '').not.toContain(MARK);
        expect(message ?? 'x is y: expected z').toMatch(/ is .*: expected /);
        expect(Object.keys(Object.prototype)).toEqual([]);
      }),
      { numRuns: 5_000 },
    );
    expect(readCount).toBeGreaterThan(100);
  });

  it.each<[string, object]>([
    ['a scope of the level public', { scope: { level: 'public', id: 'x' } }],
    ['a level that is a name of every object', { scope: { level: 'constructor', id: 'x' } }],
    ['a resource with another field', { resource: { type: 'file', id: '/a', within: 'tenant' } }],
    ['a resource whose id is a list', { resource: { type: 'file', id: ['/a'] } }],
    ['a list of texts for resources', { resources: ['/a'] }],
    ['an empty list', { tags: [] }],
    ['a list in a list', { tags: [['a']] }],
    ['a text for a list', { tags: 'a' }],
    ['a lone surrogate', { key: 'a\ud800' }],
    ['a path with very many folders', { resource: { type: 'tree', id: '/a'.repeat(100) } }],
    ['a pattern that is too long', { pattern: 'a'.repeat(257), allowPattern: true }],
    ['a pattern with many stars', { pattern: 'a*'.repeat(9), allowPattern: true }],
    ['a flag that is a text', { pattern: 'a*', allowPattern: 'true' }],
    ['a flag beside a tag', { tag: 'a', allowPattern: true }],
    ['ids beside a pattern', { pattern: 'a*', allowPattern: true, tenant: 'a' }],
    ["the cache's own fields", { key: 'a', level: 'public' }],
    ['a tenant that is null', { key: 'a', tenant: null }],
  ])('refuses %s', (_what, body) => {
    expect(() => readInvalidateBody(body)).toThrow(BadRequestException);
  });

  it.each([undefined, null, 'text', 1, true, [], [{ tag: 'a' }]])('refuses %j in place of an object', (body) => {
    expect(() => readInvalidateBody(body)).toThrow(
      'The body is no JSON object: expected a JSON object with exactly one of',
    );
  });

  it('takes every body that the concept page shows, and it shows every form', () => {
    const page = readFileSync('docs/concepts/admin.md', 'utf8');
    const shown = [...page.matchAll(/^ask '(.*)'$/gm)].map(
      ([, body]) => readInvalidateBody(JSON.parse(body as string)).form,
    );
    expect(new Set(shown)).toEqual(
      new Set(['key', 'tag', 'tags', 'resource', 'resources', 'context', 'namespace', 'scope', 'pattern']),
    );
  });

  it('does not take what all objects inherit for a field', () => {
    const inherited = Object.create({ pattern: '*', allowPattern: true }) as object;
    expect(() => readInvalidateBody(inherited)).toThrow('none of the forms');
    const withTag = Object.assign(Object.create({ tenant: 'a' }) as object, { key: 'k' });
    expect(readInvalidateBody(withTag)).toEqual({ form: 'key', target: { key: 'k' }, scope: {} });
  });

  it('hands on nothing but what it has looked at', () => {
    const body = { resources: [{ type: 'file', id: '/a' }] };
    const { target } = readInvalidateBody(body) as unknown as { target: { resources: object[] } };
    expect(target.resources).toEqual(body.resources);
    expect(target.resources[0]).not.toBe(body.resources[0]);
  });
});

describe('readExplainQuery', () => {
  it('reads the key and the ids that are named', () => {
    expect(readExplainQuery({ key: 'k', tenant: 'a', session: 's' })).toEqual({
      key: 'k',
      scope: { tenant: 'a', session: 's' },
    });
    expect(readExplainQuery(Object.assign(Object.create(null) as object, { key: 'k' }))).toEqual({
      key: 'k',
      scope: {},
    });
  });

  it.each([undefined, null, {}, { key: ['a', 'b'] }, { key: { a: 'b' } }, { key: 'a', pattern: '*' }])(
    'refuses %j',
    (query) => {
      expect(() => readExplainQuery(query)).toThrow(BadRequestException);
    },
  );
});
