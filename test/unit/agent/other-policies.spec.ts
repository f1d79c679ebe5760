import { describe, expect, it, jest } from '@jest/globals';
import { evictPolicy } from '../../../src/agent/values/evict-policy.js';
import type { MethodPolicy } from '../../../src/agent/calls/method-policy.js';
import type { AgentCache } from '../../../src/core/cache.js';
import { promptPolicy } from '../../../src/agent/prompts/prompt-policy.js';
import { valuePolicy } from '../../../src/agent/values/value-policy.js';
import { createRecordingCache, withMethods, type MethodOptions } from '../../support/recording-cache.js';

const counting = (): jest.Mock<(...args: unknown[]) => Promise<unknown>> => {
  let count = 0;
  return jest.fn(async (..._args: unknown[]) => ({ answer: ++count }));
};

/** How often a method ran for these calls. */
async function runsOf(policy: MethodPolicy, ...calls: unknown[][]): Promise<number> {
  const kit = createRecordingCache();
  const method = counting();
  const cached = kit.under(policy, method);
  for (const args of calls) await cached(...args);
  return method.mock.calls.length;
}

describe('valuePolicy', () => {
  it('runs a method once for the same arguments', async () => {
    const kit = createRecordingCache();
    const method = counting();
    const cached = kit.under(valuePolicy({ ttl: '1m' }), method);
    const first = await cached('a', { x: 1, y: 2 });
    const second = await cached('a', { y: 2, x: 1 });
    expect(second).toEqual(first);
    expect(kit.cache.outcomeOf(second)).toMatchObject({
      status: 'hit',
      key: expect.stringMatching(/^AppModule\.Service\.method:#[0-9a-f]{64}$/),
    });
    await kit.clock.advance(60_001);
    await cached('a', { x: 1, y: 2 });
    expect(method).toHaveBeenCalledTimes(2);
  });

  it.each<[string, unknown[], unknown[]]>([
    ['other values', ['a'], ['b']],
    ['the number and the text', [1], ['1']],
    ['nothing and null', [], [null]],
    ['arguments that were cut elsewhere', ['ab', 'c'], ['a', 'bc']],
    ['an argument after a missing one', [undefined, 1], [1]],
  ])('keeps apart %s', async (_name, first, second) => {
    expect(await runsOf(valuePolicy({}), first, second, first, second)).toBe(2);
  });

  it('does not tell calls apart by their signals', async () => {
    expect(await runsOf(valuePolicy({}), ['a'], ['a', new AbortController().signal])).toBe(1);
  });

  it('goes past the cache with arguments that no key can be made of', async () => {
    const kit = createRecordingCache();
    const cached = kit.under(valuePolicy({}), counting());
    const result = await cached(() => undefined);
    expect(kit.statusOf(result)).toBe('bypass');
    expect(kit.eventsOf('bypass')).toEqual([{ category: 'AppModule.Service.method', reason: 'not-keyable' }]);
    expect(kit.warnings[0]?.message).toContain('`key`');
  });

  it('makes the key of what key answers', async () => {
    const policy = valuePolicy({ key: (user: { id: number }) => user.id });
    expect(await runsOf(policy, [{ id: 1, name: 'a' }], [{ id: 1, name: 'b' }], [{ id: 2 }])).toBe(2);
  });

  it.each([undefined, null])('does not let all calls share for which key answers %s', async (id) => {
    expect(await runsOf(valuePolicy({ key: () => id }), ['a'], ['b'])).toBe(2);
  });

  it('goes past the cache where key, vary or tags throws or answers nonsense', async () => {
    const fail = (): never => {
      throw new Error('secret');
    };
    for (const options of [
      { key: fail },
      { vary: fail },
      { tags: fail },
      { tags: () => 'tag' as unknown as string[] },
    ]) {
      const kit = createRecordingCache();
      const method = counting();
      const cached = kit.under(valuePolicy(options), method);
      await cached('a');
      await cached('a');
      expect(method).toHaveBeenCalledTimes(2);
      expect(kit.warnings).toHaveLength(1);
      expect(kit.warnings[0]?.message).not.toContain('secret');
    }
  });

  it('adds what vary answers to the key', async () => {
    const policy = valuePolicy({ key: (id: string) => id, vary: (_id: string, locale: string) => locale });
    expect(await runsOf(policy, ['a', 'de'], ['a', 'en'], ['a', 'de'])).toBe(2);
  });

  it('shares by namespace and key, or by namespace, method and arguments', async () => {
    const kit = createRecordingCache();
    const method = counting();
    const run = (options: Parameters<typeof valuePolicy>[0], as: MethodOptions): Promise<unknown> =>
      kit.under(valuePolicy(options), method, as)('a');
    await run({ namespace: 'n', key: (id: string) => id }, { identity: null, method: 'one' });
    await run({ namespace: 'n', key: (id: string) => id }, { identity: 'X.Y.z', method: 'other' });
    expect(method).toHaveBeenCalledTimes(1);
    await run({ namespace: 'n' }, { identity: null, method: 'one' });
    await run({ namespace: 'n' }, { identity: 'X.Y.one', method: 'one' });
    expect(method).toHaveBeenCalledTimes(2);
    await run({ namespace: 'n' }, { identity: null, method: 'other' });
    expect(method).toHaveBeenCalledTimes(3);
  });

  it('keeps the entries of two owners apart', async () => {
    const kit = createRecordingCache();
    const eu = kit.under(valuePolicy({}), async (_id: string) => 'eu', { identity: 'AppModule.EU.price' });
    const us = kit.under(valuePolicy({}), async (_id: string) => 'us', { identity: 'AppModule.US.price' });
    expect([await eu('1'), await us('1'), await eu('1'), await us('1')]).toEqual(['eu', 'us', 'eu', 'us']);
  });

  it('(the check finds two owners that are taken for one)', async () => {
    const kit = createRecordingCache();
    const eu = kit.under(valuePolicy({}), async (_id: string) => 'eu');
    const us = kit.under(valuePolicy({}), async (_id: string) => 'us');
    expect([await eu('1'), await us('1')]).toEqual(['eu', 'eu']);
  });

  it.each<[string, number | (() => number | undefined), string]>([
    ['0', 0, 'hit'],
    ['0 by a function', () => 0, 'hit'],
    ['0.7', 0.7, 'bypass'],
    ['0.7 by a function', () => 0.7, 'bypass'],
    ['not known', () => undefined, 'bypass'],
    ['not a number', () => NaN, 'bypass'],
    [
      'throwing',
      () => {
        throw new Error();
      },
      'bypass',
    ],
  ])('stores the output of a model by its temperature: %s', async (_name, temperature, status) => {
    const kit = createRecordingCache();
    const cached = kit.under(valuePolicy({ temperature }), counting());
    await cached('a');
    expect(kit.statusOf(await cached('a'))).toBe(status);
    if (status === 'bypass') expect(kit.eventsOf('bypass')[0]?.reason).toBe('not-deterministic');
  });

  it('serves a result within grace when the method fails', async () => {
    const kit = createRecordingCache();
    let fails = false;
    const cached = kit.under(valuePolicy({ ttl: '1m', grace: '1h', annotate: 'cache_hit' }), async () => {
      if (fails) throw new Error('down');
      return { v: 1 };
    });
    await cached();
    fails = true;
    await kit.clock.advance(61_000);
    expect(await cached()).toEqual({ v: 1, cache_hit: true });
  });

  it('annotates objects only, on copies', async () => {
    for (const made of [['a'], 'a', 1, null]) {
      const kit = createRecordingCache();
      const cached = kit.under(valuePolicy({ annotate: 'cache_hit' }), async () => made);
      await cached();
      expect(await cached()).toEqual(made);
    }
  });

  it('does not wait for itself where a method is called from its own load', async () => {
    const kit = createRecordingCache();
    const policy = valuePolicy({ namespace: 'users', key: (id: string) => id });
    const inner = jest.fn(async (id: string) => ({ id }));
    const load = kit.under(policy, inner, { method: 'load' });
    const find = kit.under(policy, async (id: string) => load(id), { method: 'find' });
    expect(await find('a')).toEqual({ id: 'a' });
    expect(await find('a')).toEqual({ id: 'a' });
    expect(inner).toHaveBeenCalledTimes(1);
  });

  it('waits for nothing once the load is over, whatever it has left running', async () => {
    const kit = createRecordingCache();
    const statuses: (string | undefined)[] = [];
    const later: (() => Promise<void>)[] = [];
    const cached = kit.under(valuePolicy({}), async (id: string) => {
      later.push(async () => void statuses.push(kit.statusOf(await cached(id))));
      await Promise.resolve();
      return { id };
    });
    await cached('a');
    await later[0]?.();
    expect(statuses).toEqual(['hit']);
  });
});

describe('promptPolicy', () => {
  it('keys prompts by all that went in', async () => {
    const policy = promptPolicy({ template: 'v1', tools: ['a'], model: 'm' });
    expect(await runsOf(policy, [{ a: 1 }, 'x'], [{ a: 1 }, 'x'], [{ a: 1 }, 'y'])).toBe(2);
    const kit = createRecordingCache();
    const method = counting();
    for (const options of [
      {},
      { template: 'v1' },
      { template: 'v2' },
      { tools: ['a'] },
      { model: 'm' },
      { model: () => 'n' },
      { template: () => 3 },
    ]) {
      await kit.under(promptPolicy(options), method)('a');
    }
    expect(method).toHaveBeenCalledTimes(7);
    expect(kit.eventsOf('set')[0]).toMatchObject({
      category: 'prompt',
      key: expect.stringMatching(/^prompt:[0-9a-f]{64}:AppModule\.Service\.method$/),
    });
  });

  it('lets key take the place of the arguments', async () => {
    expect(await runsOf(promptPolicy({ key: (id: string) => id }), ['a', () => 1], ['a', () => 2], ['b'])).toBe(2);
  });

  it.each([undefined, null])('does not let all calls share for which key answers %s', async (id) => {
    expect(await runsOf(promptPolicy({ key: () => id }), ['alice'], ['bob'], ['alice'])).toBe(3);
  });

  it('never stores where the temperature is given and not known', async () => {
    expect(await runsOf(promptPolicy({ temperature: undefined }), ['a'], ['a'])).toBe(2);
    expect(await runsOf(valuePolicy({ temperature: undefined }), ['a'], ['a'])).toBe(2);
  });

  it('never stores the output of a model that is not at temperature 0', async () => {
    const policy = promptPolicy({ temperature: (request: { temperature?: number }) => request.temperature });
    expect(await runsOf(policy, [{ temperature: 1 }], [{ temperature: 1 }])).toBe(2);
    expect(await runsOf(policy, [{}], [{}])).toBe(2);
    expect(await runsOf(policy, [{ temperature: 0 }], [{ temperature: 0 }])).toBe(1);
  });
});

describe('evictPolicy', () => {
  const find = valuePolicy({ namespace: 'users', key: (id: string) => id, tags: (id: string) => [`user-${id}`] });

  /** Which of two cached results an eviction for 'a' left. */
  async function leftBy(
    options: Parameters<typeof evictPolicy>[0],
    change = async (): Promise<void> => undefined,
  ): Promise<string[]> {
    const kit = createRecordingCache();
    const method = counting();
    const cached = kit.under(find, method);
    await cached('a');
    await cached('b');
    await kit
      .under(evictPolicy(options), async (_id: string) => change())('a')
      .catch(() => undefined);
    const results = [await cached('a'), await cached('b')];
    return ['a', 'b'].filter((_id, index) => kit.statusOf(results[index]) === 'hit');
  }
  const failing = async (): Promise<void> => Promise.reject(new Error('constraint'));

  it.each<[string, Parameters<typeof evictPolicy>[0], string[]]>([
    ['its key', { namespace: 'users', key: (id: string) => id }, ['b']],
    ['its tag', { tags: (id: string) => [`user-${id}`] }, ['b']],
    ['fixed tags', { tags: ['user-b'] }, ['a']],
    ['its namespace', { namespace: 'users', all: true }, []],
    ['a pattern', { pattern: 'users:b*' }, ['a']],
    ['another namespace', { namespace: 'others', all: true }, ['a', 'b']],
    ['several at once', { namespace: 'users', key: (id: string) => id, tags: ['user-b'] }, []],
    ['the namespace, where no key can be made', { namespace: 'users', key: () => undefined }, []],
  ])('evicts by %s', async (_name, options, left) => {
    expect(await leftBy(options)).toEqual(left);
    expect(await leftBy({ ...options, before: true })).toEqual(left);
  });

  it('evicts after success only, or in any case with before', async () => {
    const options = { namespace: 'users', all: true };
    expect(await leftBy(options, failing)).toEqual(['a', 'b']);
    expect(await leftBy({ ...options, before: true }, failing)).toEqual([]);
  });

  it('evicts by a key for everybody, whatever vary and scope say', async () => {
    let user: string | undefined = 'alice';
    const kit = createRecordingCache({ cache: { scope: { resolve: () => (user ? { principal: user } : undefined) } } });
    const method = counting();
    const options = { namespace: 'users', key: (id: number) => id };
    const cached = kit.under(valuePolicy({ ...options, vary: (_id: number, locale: string) => locale }), method);
    const shared = kit.under(valuePolicy({ ...options, vary: () => 'shared', scope: 'public' }), method);
    const evict = kit.under(evictPolicy(options), async (_id: number) => undefined);
    const readAll = async (id: number): Promise<unknown> => {
      return Promise.all([cached(id, 'de'), cached(id, 'en'), shared(id)]);
    };
    await readAll(1);
    await readAll(2);
    for (const who of ['bob', undefined]) {
      user = who;
      await evict(1);
      user = 'alice';
      method.mockClear();
      await readAll(1);
      expect(method).toHaveBeenCalledTimes(3);
      await readAll(2);
      expect(method).toHaveBeenCalledTimes(3);
    }
  });

  it('keeps apart keys of other types and namespaces', async () => {
    const kit = createRecordingCache();
    const method = counting();
    const key = (id: unknown): string => id as string;
    const cached = kit.under(valuePolicy({ namespace: 'users', key }), method);
    await cached('1');
    await kit.under(evictPolicy({ namespace: 'users', key }), async (_id: unknown) => undefined)(1);
    await kit.under(evictPolicy({ namespace: 'user', key }), async (_id: unknown) => undefined)('s:1');
    await kit.under(evictPolicy({ tags: ['users:1', '1'] }), async () => undefined)();
    await cached('1');
    expect(method).toHaveBeenCalledTimes(1);
  });

  it('leaves nothing that was read while the method ran, with before', async () => {
    const readMeanwhile = async (before: boolean, mutate?: (cache: AgentCache) => AgentCache): Promise<unknown> => {
      const kit = createRecordingCache({ ...(mutate && { mutate }) });
      let version = 1;
      const cached = kit.under(valuePolicy({ namespace: 'users', key: () => 1 }), async () => version);
      const save = kit.under(evictPolicy({ namespace: 'users', key: () => 1, before }), async () => {
        expect(kit.eventsOf('invalidate')).toHaveLength(before ? 1 : 0);
        await cached();
        version++;
        throw new Error('constraint');
      });
      await save().catch(() => undefined);
      return cached();
    };
    expect(await readMeanwhile(true)).toBe(2);
    expect(await readMeanwhile(false)).toBe(1);
    const onlyBefore = (cache: AgentCache): AgentCache =>
      withMethods(cache, {
        invalidateAround: async (targets, change) => {
          await Promise.all([targets].flat().map((target) => cache.invalidate(target)));
          return change();
        },
      });
    expect(await readMeanwhile(true, onlyBefore)).toBe(1);
  });

  it('evicts the contexts of a task', async () => {
    const kit = createRecordingCache();
    const cached = kit.under(evictPolicy({ context: (id: number) => id }), async (_id: number) => 'done');
    expect(await cached(7)).toBe('done');
    expect(kit.eventsOf('invalidate')).toEqual([{ target: 'context', acknowledged: true }]);
  });

  it('takes its targets from the arguments as they were before the method ran', async () => {
    const kit = createRecordingCache();
    const method = counting();
    const cached = kit.under(find, method);
    await cached('a');
    const evict = kit.under(
      evictPolicy({ namespace: 'users', key: (user: { id: string }) => user.id }),
      async (user: { id: string }) => void (user.id = 'z'),
    );
    await evict({ id: 'a' });
    await cached('a');
    expect(method).toHaveBeenCalledTimes(2);
  });

  it('runs the method where a function among the options throws, and says so once', async () => {
    const fail = (): never => {
      throw new Error('secret');
    };
    const kit = createRecordingCache();
    const cached = kit.under(evictPolicy({ tags: fail, context: fail, pattern: fail }), async () => 'done');
    expect([await cached(), await cached()]).toEqual(['done', 'done']);
    expect(kit.warnings).toHaveLength(3);
    expect(JSON.stringify(kit.warnings)).not.toContain('secret');
  });

  it('passes on what the method throws', async () => {
    const kit = createRecordingCache();
    const failure = new Error('constraint');
    for (const before of [false, true]) {
      const cached = kit.under(evictPolicy({ tags: ['x'], before }), async () => Promise.reject(failure));
      await expect(cached()).rejects.toBe(failure);
    }
  });
});
