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

  it('names in one error what is wrong and what is unknown, each once', () => {
    const code = { prefx: 'a', ttl: { tools: '1m' }, redis: { urll: 'x' }, tools: 5, isGlobal: false, grace: 5 };
    expect(problemsOf(code, null)).toEqual([
      'bindings is null: expected an array of what bindCache(…) answers',
      'tools is 5: expected an object with a descriptor for each tool, or a function',
      'prefx is no option: expected some of enabled, prefix, redis, store, memory, ttl, grace, compress, encryption, embeddings, metrics, scope, cascade, tools',
      expect.stringContaining('isGlobal is no option'),
      expect.stringContaining('redis.urll is no option: expected some of url, '),
      'ttl.tools is no option: expected some of default, context, tool, embedding, prompt, max',
      expect.stringContaining('grace is 5'),
    ]);
  });
});
