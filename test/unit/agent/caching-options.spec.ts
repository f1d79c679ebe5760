import { describe, expect, it, jest } from '@jest/globals';
import { contextPolicy } from '../../../src/agent/contexts/context-policy.js';
import { embeddingsPolicy } from '../../../src/agent/embeddings/embeddings-policy.js';
import type { MethodPolicy } from '../../../src/agent/calls/method-policy.js';
import { promptPolicy } from '../../../src/agent/prompts/prompt-policy.js';
import { readOnlyToolPolicy } from '../../../src/agent/tools/read-only-tool-policy.js';
import { valuePolicy } from '../../../src/agent/values/value-policy.js';
import type { AgentCache } from '../../../src/core/cache.js';
import type { CachePolicy } from '../../../src/core/policy/cache-policy.js';
import { createRecordingCache } from '../../support/recording-cache.js';

const TOOLS = { read: { permissionTier: 'READ_ONLY' } } as const;
const TURN = { taskId: 't', turn: 1 };
/** Each with a call that it caches, and the namespace and time to live that it has by default. */
const KINDS: Record<string, [(options: object) => MethodPolicy, unknown, string | undefined, string | undefined]> = {
  Cacheable: [valuePolicy, 'a', undefined, undefined],
  CachePrompt: [promptPolicy, 'a', 'prompt', '1h'],
  CacheContext: [contextPolicy, TURN, 'context', '1h'],
  CacheReadOnlyTool: [readOnlyToolPolicy, { tool: 'read', params: {} }, 'tool', '30m'],
  CacheEmbeddings: [(options) => embeddingsPolicy({ model: 'm', ...options }), 'a text', 'embed', '24h'],
};
const OPTIONS = {
  ttl: '1m',
  grace: '2m',
  softTimeout: '0s',
  hardTimeout: '5s',
  eagerRefreshRatio: 0.8,
  earlyExpiryBeta: 1.5,
  jitterRatio: 0,
  negativeTtl: '0s',
  memory: false,
} as const;

/** The policy under which a decorator with these options asks the cache. */
async function policyUnder(name: string, options: object): Promise<CachePolicy> {
  const [create, argument] = KINDS[name] as (typeof KINDS)[string];
  const seen: CachePolicy[] = [];
  const watch = (method: unknown) => (key: unknown, load: unknown, policy: CachePolicy) => {
    seen.push(policy);
    return (method as (...args: unknown[]) => unknown)(key, load, policy);
  };
  const mutate = (cache: AgentCache): AgentCache =>
    Object.assign(Object.create(cache) as AgentCache, {
      getOrLoad: watch(cache.getOrLoad.bind(cache)),
      getOrLoadMany: watch(cache.getOrLoadMany.bind(cache)),
    });
  const kit = createRecordingCache({ tools: TOOLS, mutate });
  await kit.under(create(options), async (..._args: unknown[]) => [1, 2])(argument);
  return seen[0] as CachePolicy;
}

describe.each(Object.keys(KINDS))('the options of @%s', (name) => {
  const [, , namespace, ttl] = KINDS[name] as (typeof KINDS)[string];

  it('reach the policy of the entry', async () => {
    expect(await policyUnder(name, OPTIONS)).toMatchObject(OPTIONS);
    expect(await policyUnder(name, { namespace: 'own', tags: ['x'] })).toMatchObject({ namespace: 'own', tags: ['x'] });
  });

  it('leave the defaults alone where they say nothing, or undefined', async () => {
    const nothing = Object.fromEntries(
      [...Object.keys(OPTIONS), 'namespace', 'tags'].map((option) => [option, undefined]),
    );
    for (const options of [{}, nothing]) {
      const policy = await policyUnder(name, options);
      expect([policy.namespace, policy.ttl]).toEqual([namespace, ttl]);
      for (const option of Object.keys(OPTIONS))
        if (option !== 'ttl') expect(policy).not.toHaveProperty([option], expect.anything());
    }
  });

  it.each<[string, unknown]>([
    ['softTimeout', 50],
    ['hardTimeout', '0s'],
    ['eagerRefreshRatio', 1],
    ['earlyExpiryBeta', 0],
    ['jitterRatio', 2],
    ['negativeTtl', null],
    ['memory', 'no'],
  ])('refuse the %s %p', (option, value) => {
    const [create] = KINDS[name] as (typeof KINDS)[string];
    expect(() => create({ [option]: value })).toThrow(TypeError);
    expect(() => create({ [option]: value })).toThrow(`@${name} option '${option}' is `);
  });
});

describe('a method that answers null', () => {
  const CASES: [string, MethodPolicy, unknown, unknown, boolean][] = (
    [
      ['a value', (options) => valuePolicy(options), 'a', null, false],
      ['an Observable', (options) => valuePolicy(options), 'a', [null, null], true],
      ['a context', (options) => contextPolicy(options), TURN, null, false],
      ['a tool', (options) => readOnlyToolPolicy(options), { tool: 'read', params: {} }, null, false],
    ] as [string, (options: object) => MethodPolicy, unknown, unknown, boolean][]
  ).map(([name, create, ...rest]) => [name, create({ negativeTtl: '10s', ttl: '1h' }), ...rest]);

  it.each(CASES)(
    'is cached for the time that negativeTtl says: %s',
    async (_, policy, argument, answer, isObservable) => {
      const kit = createRecordingCache({ tools: TOOLS });
      const method = jest.fn(async (..._args: unknown[]) => answer);
      const cached = kit.under(policy, method, { isObservable });
      await cached(argument);
      await kit.clock.advance(9_999);
      await cached(argument);
      expect(method).toHaveBeenCalledTimes(1);
      await kit.clock.advance(2);
      expect(await cached(argument)).toEqual(answer);
      expect(method).toHaveBeenCalledTimes(2);
    },
  );

  it.each([
    ['a value', valuePolicy({ negativeTtl: '0s' }), 'a'],
    ['a context', contextPolicy({ negativeTtl: '0s' }), TURN],
  ])('is not cached at all with 0s, and nobody is warned: %s', async (_, policy, argument) => {
    const kit = createRecordingCache();
    const method = jest.fn(async (..._args: unknown[]) => null);
    const cached = kit.under(policy, method);
    await cached(argument);
    await cached(argument);
    expect(method).toHaveBeenCalledTimes(2);
    expect(kit.eventsOf('refused').map(({ isIntended }) => isIntended)).toEqual([true, true]);
  });

  it('has the time to live of any other result without negativeTtl', async () => {
    const kit = createRecordingCache();
    const method = jest.fn(async (..._args: unknown[]) => null);
    const cached = kit.under(valuePolicy({ ttl: '1h' }), method);
    await cached('a');
    await kit.clock.advance(3_599_000);
    await cached('a');
    expect(method).toHaveBeenCalledTimes(1);
  });

  it('among other values of an Observable is no such answer', async () => {
    const kit = createRecordingCache();
    const method = jest.fn(async (..._args: unknown[]) => [null, 1]);
    const cached = kit.under(valuePolicy({ negativeTtl: '1s' }), method, { isObservable: true });
    await cached('a');
    await kit.clock.advance(5_000);
    await cached('a');
    expect(method).toHaveBeenCalledTimes(1);
  });
});
