import { describe, expect, it } from '@jest/globals';
import { CacheConfigurationError } from '../../../src/core/errors.js';
import { resolveOptions } from '../../../src/core/policy/resolve-options.js';
import { resolveModuleOptions } from '../../../src/nest/config/module-options.js';
import { bindCache, Cacheable } from '../../../src/index.js';

class Prices {
  of(item: string): Promise<string> {
    return Promise.resolve(item);
  }
}
const binding = bindCache(Prices, { of: Cacheable.policy() });
const resolve = (code: unknown, bindings: unknown = []) => resolveModuleOptions({ prefix: 'env' }, code, bindings);

function problemsOf(code: unknown, bindings: unknown = []): string[] {
  try {
    resolve(code, bindings);
  } catch (error) {
    if (!(error instanceof CacheConfigurationError)) throw error;
    return error.message
      .split('\n')
      .slice(1)
      .map((line) => line.replace(/^ {2}- /, ''));
  }
  return [];
}

describe('resolveModuleOptions', () => {
  it.each([undefined, null, {}])('takes %j of a factory for nothing that differs', (code) => {
    expect(resolve(code)).toEqual(resolveOptions({ prefix: 'env' }));
  });

  it.each([5, 'prefix', [], true])('refuses %j in place of options', (code) => {
    expect(problemsOf(code)).toEqual([expect.stringMatching(/^options is .*: expected an object with options$/)]);
  });

  it('lets code win', () => {
    expect(resolve({ prefix: 'code' }).prefix).toBe('code');
  });

  it.each([
    undefined,
    {},
    () => undefined,
    { read: { permissionTier: 'READ_ONLY' } },
    {
      read: {
        permissionTier: 'READ_ONLY',
        volatile: false,
        ttl: '5m',
        scope: 'tenant',
        version: '2',
        vary: [1],
        label: "the app's own",
      },
    },
  ])('takes the tools %j', (tools) => {
    expect(problemsOf({ tools })).toEqual([]);
  });

  it.each([undefined, { ratio: 0 }, { ratio: 0.01 }, { ratio: 1, maxWrongRate: 0.05 }])(
    'takes %j as verify',
    (verify) => {
      expect(problemsOf({ verify })).toEqual([]);
    },
  );

  it.each<[unknown, string]>([
    [0.01, 'verify is 0.01: expected an object with options'],
    [{}, 'verify.ratio is of type undefined: expected a number from 0 to 1, such as 0.01'],
    [{ ratio: 2 }, 'verify.ratio is 2: expected a number from 0 to 1, such as 0.01'],
    [{ ratio: '0.01' }, "verify.ratio is '0.01': expected a number from 0 to 1, such as 0.01"],
    [{ ratio: NaN }, 'verify.ratio is NaN: expected a number from 0 to 1'],
    [{ ratio: 1, maxWrongRate: 0 }, 'verify.maxWrongRate is 0: expected a number between 0 and 1, such as 0.05'],
    [{ ratio: 1, maxWrongRate: 1 }, 'verify.maxWrongRate is 1: expected a number between 0 and 1, such as 0.05'],
    [{ ratio: 1, rate: 1 }, 'verify.rate is no option: expected some of ratio, maxWrongRate'],
  ])('refuses %j as verify', (verify, problem) => {
    expect(problemsOf({ verify })).toEqual([expect.stringContaining(problem)]);
  });

  it.each<[string, unknown, string]>([
    ['cost', { tokens: -1 }, 'tools.read.cost is of type object: expected { tokens, usd }'],
    ['cost', 5, 'tools.read.cost is 5: expected { tokens, usd }'],
    ['normalise', 'trim', "tools.read.normalise is 'trim': expected a function"],
  ])('refuses a wrong %s of a tool', (field, value, problem) => {
    const tools = { read: { permissionTier: 'READ_ONLY', [field]: value } };
    expect(problemsOf({ tools })).toEqual([expect.stringContaining(problem)]);
  });

  it.each<[unknown, string]>([
    [5, 'tools is 5: expected an object with a descriptor for each tool, or a function'],
    [null, 'tools is null: expected an object'],
    [['read'], 'tools is an array: expected an object'],
    [{ read: 'READ_ONLY' }, "tools.read is 'READ_ONLY': expected a descriptor such as { permissionTier: 'READ_ONLY' }"],
    [{ read: null }, 'tools.read is null'],
    [{ read: {} }, 'tools.read.permissionTier is of type undefined: expected a text'],
    [{ read: { permissionTier: 'READ_ONLY', ttl: 60 } }, 'tools.read.ttl is 60: expected a duration with a unit'],
    [{ read: { permissionTier: 'READ_ONLY', volatile: 'no' } }, "tools.read.volatile is 'no': expected true or false"],
    [{ read: { permissionTier: 'READ_ONLY', scope: 'user' } }, "tools.read.scope is 'user': expected one of public"],
    [{ read: { permissionTier: 'READ_ONLY', version: 2 } }, 'tools.read.version is 2: expected a text'],
    [{ read: { permissionTier: 'READ_ONLY', dependsOn: ['a'] } }, 'tools.read.dependsOn is an array'],
    [{ write: { permissionTier: 'WRITE', mutates: 'a.txt' } }, "tools.write.mutates is 'a.txt'"],
    [
      { read: { permissionTier: 'READ_ONLY', validate: 'mtime', dependsOn: () => [] } },
      "tools.read.validate is 'mtime': expected 'stat', 'content' or 'none'",
    ],
    [
      { read: { permissionTier: 'READ_ONLY', validate: 'stat' } },
      "tools.read.validate is 'stat': expected 'none', or a 'dependsOn' beside it",
    ],
  ])('refuses the tools %j', (tools, problem) => {
    expect(problemsOf({ tools })).toEqual([expect.stringContaining(problem)]);
  });

  it('takes bindings of classes and of tokens', () => {
    expect(problemsOf({}, [binding, bindCache('TOKEN', {}), bindCache(Symbol('token'), {})])).toEqual([]);
  });

  it.each<[unknown, string]>([
    [null, 'bindings is null: expected an array of what bindCache(…) answers'],
    [binding, 'bindings is of type object: expected an array'],
    [[binding, null], 'bindings[1] is null: expected what bindCache(…) answers'],
    [[Prices], 'bindings[0] is of type function'],
    [[{ target: 5, methods: {} }], 'bindings[0] is of type object'],
    [[{ target: Prices, methods: null }], 'bindings[0] is of type object'],
  ])('refuses the bindings %p', (bindings, problem) => {
    expect(problemsOf({}, bindings)).toEqual([expect.stringContaining(problem)]);
  });

  it.each<[unknown, string]>([
    [5, 'secrets is 5: expected an object with options'],
    [{ names: [] }, 'secrets.names is no option: expected some of fields, allowFields, patterns'],
    [{ fields: 'pin' }, "secrets.fields is 'pin': expected an array of names of fields"],
    [{ allowFields: [''] }, 'secrets.allowFields is an array: expected an array of names of fields'],
    [{ patterns: ['acme'] }, 'secrets.patterns is an array: expected an array of regular expressions'],
    [{ patterns: [/x*/] }, 'that do not match the empty text'],
  ])('refuses the secrets %p', (secrets, problem) => {
    expect(problemsOf({ secrets }, [])).toEqual([expect.stringContaining(problem)]);
  });

  it('takes what counts as a secret', () => {
    expect(problemsOf({ secrets: { fields: ['pin'], allowFields: ['token'], patterns: [/acme-\d+/g] } }, [])).toEqual(
      [],
    );
  });

  it('names in one error what is wrong and what is unknown, each once', () => {
    const code = { prefx: 'a', ttl: { tools: '1m' }, redis: { urll: 'x' }, tools: 5, isGlobal: false, grace: 5 };
    expect(problemsOf(code, null)).toEqual([
      'bindings is null: expected an array of what bindCache(…) answers',
      'tools is 5: expected an object with a descriptor for each tool, or a function',
      'prefx is no option: expected some of enabled, prefix, redis, store, memory, ttl, grace, maxValueBytes, compress, encryption, embeddings, metrics, scope, cascade, tools, files, verify, secrets',
      expect.stringContaining('isGlobal is no option'),
      expect.stringContaining('redis.urll is no option: expected some of url, '),
      'ttl.tools is no option: expected some of default, context, tool, embedding, prompt, max',
      expect.stringContaining('grace is 5'),
    ]);
  });
});
