import { describe, expect, it } from '@jest/globals';
import { contextPolicy } from '../../../src/agent/contexts/context-policy.js';
import { embeddingsPolicy } from '../../../src/agent/embeddings/embeddings-policy.js';
import { evictPolicy } from '../../../src/agent/values/evict-policy.js';
import { invalidatesContextPolicy } from '../../../src/agent/contexts/invalidates-context-policy.js';
import { promptPolicy } from '../../../src/agent/prompts/prompt-policy.js';
import { readOnlyToolPolicy } from '../../../src/agent/tools/read-only-tool-policy.js';
import { valuePolicy } from '../../../src/agent/values/value-policy.js';

const POLICIES: Record<string, (options: never) => unknown> = {
  CacheContext: contextPolicy,
  InvalidatesContext: invalidatesContextPolicy,
  CacheReadOnlyTool: readOnlyToolPolicy,
  CacheEmbeddings: embeddingsPolicy,
  CachePrompt: promptPolicy,
  Cacheable: valuePolicy,
  CacheEvict: evictPolicy,
};
const create = (name: string, options: unknown) => () => POLICIES[name]?.(options as never);

describe('options of decorators', () => {
  it.each(Object.keys(POLICIES))('@%s refuses an option it does not know, and names those it does', (name) => {
    expect(create(name, { tll: '1m' })).toThrow(TypeError);
    expect(create(name, { tll: '1m' })).toThrow(`@${name} has no option 'tll': expected some of `);
    expect(create(name, { constructor: 1 })).toThrow("has no option 'constructor'");
  });

  it.each(Object.keys(POLICIES))('@%s refuses what is no object', (name) => {
    for (const options of [null, '1m', 5]) expect(create(name, options)).toThrow(`@${name} was given`);
  });

  it.each(Object.keys(POLICIES))('@%s refuses an object that is no plain one', (name) => {
    class Options {}
    for (const options of [[], new Map(), new Date(), new Options(), Object.create(Options.prototype)]) {
      expect(create(name, options)).toThrow(`@${name} was given [object `);
      expect(create(name, options)).toThrow('expected a plain object of options, or nothing');
    }
  });

  it.each(Object.keys(POLICIES))('@%s refuses a class, or its prototype, and says to write parentheses', (name) => {
    class Base {}
    class Derived extends Base {}
    for (const options of [Base, Base.prototype, Derived, Derived.prototype]) {
      expect(create(name, options)).toThrow(`@${name} was given a class in place of options: write @${name}()`);
    }
  });

  it('takes a plain object without a prototype', () => {
    expect(create('Cacheable', Object.assign(Object.create(null), { ttl: '1m' }))).not.toThrow();
  });

  it.each<[string, object, string]>([
    ['Cacheable', { ttl: 60 }, "option 'ttl' is 60: expected a duration with a unit"],
    ['Cacheable', { ttl: '60' }, "option 'ttl' is '60'"],
    ['Cacheable', { ttl: '0s' }, "option 'ttl' is '0s': expected a duration with a unit of at least 1 ms"],
    ['Cacheable', { ttl: null }, "option 'ttl' is null"],
    ['Cacheable', { grace: -1 }, "option 'grace' is -1"],
    ['Cacheable', { tags: 'a' }, "option 'tags' is 'a': expected an array of texts"],
    ['Cacheable', { tags: [''] }, "option 'tags' is an array"],
    ['Cacheable', { namespace: '' }, "option 'namespace' is ''"],
    ['Cacheable', { scope: 'user' }, "option 'scope' is 'user': expected one of public, tenant"],
    ['Cacheable', { key: 'id' }, "option 'key' is 'id': expected a function"],
    ['Cacheable', { vary: {} }, "option 'vary' is of the type object"],
    ['Cacheable', { annotate: true }, "option 'annotate' is true: expected 'cache_hit'"],
    ['Cacheable', { admit: 1 }, "option 'admit' is 1"],
    ['Cacheable', { temperature: '0' }, "option 'temperature' is '0'"],
    ['Cacheable', { temperature: NaN }, "option 'temperature' is NaN"],
    ['CacheContext', { turn: 0 }, "option 'turn' is 0"],
    ['CacheReadOnlyTool', { authorize: true }, "option 'authorize' is true"],
    ['CacheEmbeddings', {}, "@CacheEmbeddings needs the option 'model'"],
    ['CacheEmbeddings', { model: '' }, "option 'model' is ''"],
    [
      'CacheEmbeddings',
      { model: 'm', dimensions: 0 },
      "option 'dimensions' is 0: expected a whole number of at least 1",
    ],
    ['CacheEmbeddings', { model: 'm', annotate: 'cache_hit' }, "has no option 'annotate'"],
    ['CachePrompt', { model: 5 }, "option 'model' is 5"],
    ['CacheEvict', {}, '@CacheEvict evicts nothing'],
    ['CacheEvict', { namespace: 'n' }, '@CacheEvict evicts nothing'],
    ['CacheEvict', { all: true }, "needs 'namespace'"],
    ['CacheEvict', { key: () => 1 }, "needs 'namespace'"],
    ['CacheEvict', { tags: ['a'], scope: 'tenant' }, "has no option 'scope'"],
    ['CacheEvict', { tags: ['a'], before: 'yes' }, "option 'before' is 'yes'"],
  ])('@%s refuses %o', (name, options, message) => {
    expect(create(name, options)).toThrow(TypeError);
    expect(create(name, options)).toThrow(message);
  });

  it.each<[string, object]>([
    ['Cacheable', { ttl: undefined, grace: '0s', tags: [], temperature: 0 }],
    ['CacheContext', { annotate: undefined }],
    ['CacheEmbeddings', { model: () => 'm', role: 'query', dimensions: 3 }],
    ['CacheEvict', { tags: ['a'], namespace: undefined }],
    ['CacheReadOnlyTool', {}],
  ])('@%s takes %o', (name, options) => {
    expect(create(name, options)).not.toThrow();
  });
});
