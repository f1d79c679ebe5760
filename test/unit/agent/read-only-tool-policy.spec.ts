import { describe, expect, it, jest } from '@jest/globals';
import { readOnlyToolPolicy } from '../../../src/agent/tools/read-only-tool-policy.js';
import { CORRELATION_FIELDS } from '../../../src/agent/tools/tool-call.js';
import type { ToolDescriptor } from '../../../src/agent/descriptors/tool-descriptor.js';
import { deferred, settle } from '../../support/cache-kit.js';
import {
  createRecordingCache,
  withMethods,
  type RecordingCache,
  type RecordingOptions,
} from '../../support/recording-cache.js';

const TOOLS: Record<string, ToolDescriptor> = {
  read_file: { permissionTier: 'READ_ONLY' },
  clock: { permissionTier: 'READ_ONLY', volatile: true },
  write_file: { permissionTier: 'WRITE' },
  shell: { permissionTier: 'SYSTEM' },
};
type Call = Record<string, unknown>;
type Options = Parameters<typeof readOnlyToolPolicy>[0];
const kitOf = (options: RecordingOptions = {}): RecordingCache => createRecordingCache({ tools: TOOLS, ...options });
const counting = (): jest.Mock<(...args: unknown[]) => Promise<unknown>> => {
  let count = 0;
  return jest.fn(async (..._args: unknown[]) => ({ answer: ++count }));
};
const READ = { tool: 'read_file', params: { path: 'a.ts' } };

/** How often the method ran for two calls, one after the other. */
async function runsOf(first: unknown[], second: unknown[], options: Options = {}): Promise<number> {
  const kit = kitOf();
  const execute = counting();
  const cached = kit.under(readOnlyToolPolicy(options), execute);
  await cached(...first);
  await cached(...second);
  return execute.mock.calls.length;
}

describe('readOnlyToolPolicy', () => {
  it('runs a READ_ONLY tool once for the same parameters', async () => {
    const kit = kitOf();
    const execute = counting();
    const cached = kit.under(readOnlyToolPolicy({}), execute);
    const first = await cached(READ);
    const second = await cached(READ);
    expect(second).toEqual(first);
    expect([kit.statusOf(first), kit.statusOf(second)]).toEqual(['miss', 'hit']);
    expect(kit.cache.outcomeOf(second)?.key).toMatch(/^tool:read_file:[0-9a-f]{64}:AppModule\.Service\.method$/);
    expect(kit.eventsOf('hit')).toMatchObject([{ category: 'tool' }]);
  });

  it.each([
    ['toolName', 'params'],
    ['tool_name', 'payload'],
    ['tool', 'arguments'],
    ['name', 'args'],
    ['tool', 'input'],
  ])('finds the tool in %s and its parameters in %s', async (name, params) => {
    const kit = kitOf();
    const execute = counting();
    const cached = kit.under(readOnlyToolPolicy({}), execute);
    await cached({ [name]: 'read_file', [params]: { path: 'a', depth: 1 } });
    await cached({ [params]: { depth: 1, path: 'a' }, [name]: 'read_file' });
    await cached({ [name]: 'read_file', [params]: { path: 'b', depth: 1 } });
    expect(execute).toHaveBeenCalledTimes(2);
  });

  it('uses the time to live, the scope and the version of the descriptor', async () => {
    const tools: Record<string, ToolDescriptor> = { read_file: { permissionTier: 'READ_ONLY', ttl: '1s' } };
    const kit = kitOf({ tools });
    const execute = counting();
    const cached = kit.under(readOnlyToolPolicy({ ttl: '1h' }), execute);
    await cached(READ);
    await kit.clock.advance(1_001);
    await cached(READ);
    expect(execute).toHaveBeenCalledTimes(2);
    tools.read_file = { permissionTier: 'READ_ONLY', version: '2' };
    await cached(READ);
    tools.read_file = { permissionTier: 'READ_ONLY', version: '2', vary: { root: '/a' } };
    await cached(READ);
    expect(execute).toHaveBeenCalledTimes(4);
  });

  it('shares a result with those that the scope of the descriptor names, and no others', async () => {
    let principal: string | undefined = 'alice';
    const resolve = (): object => ({ tenant: 't', ...(principal && { principal }) });
    /** Who of three callers is answered by the cache. */
    const servedWith = async (scope: NonNullable<ToolDescriptor['scope']>): Promise<(string | undefined)[]> => {
      const kit = kitOf({
        tools: { read_file: { permissionTier: 'READ_ONLY', scope } },
        cache: { scope: { resolve } },
      });
      const cached = kit.under(readOnlyToolPolicy({ scope: 'public' }), counting());
      const statuses = [];
      for (principal of ['alice', 'bob', undefined]) statuses.push(kit.statusOf(await cached(READ)));
      return statuses;
    };
    expect(await servedWith('principal')).toEqual(['miss', 'miss', 'bypass']);
    expect(await servedWith('tenant')).toEqual(['miss', 'hit', 'hit']);
  });

  it('makes the key of the parts that services in other languages know', async () => {
    const { keys } = kitOf().services;
    const keyOf = async (descriptor: Partial<ToolDescriptor>, call: Call): Promise<string | undefined> => {
      const kit = kitOf({ tools: { read_file: { permissionTier: 'READ_ONLY', ...descriptor } } });
      const result = await kit.under(readOnlyToolPolicy({}), counting())(call);
      return kit.cache.outcomeOf(result)?.key?.replace(':AppModule.Service.method', '');
    };
    const { params } = READ;
    expect(await keyOf({}, READ)).toBe(keys.toolKey('read_file', params));
    expect(await keyOf({ version: '2' }, READ)).toBe(keys.toolKey('read_file', params, { version: '2' }));
    const vary = { root: '/a' };
    expect(await keyOf({ vary }, READ)).toBe(keys.toolKey('read_file', params, { vary: { tool: vary } }));
    const call = { request: { user: 'alice' }, further: [], isText: false };
    expect(await keyOf({ vary }, { ...READ, user: 'alice' })).toBe(
      keys.toolKey('read_file', params, { vary: { tool: vary, call } }),
    );
  });

  it.each<[string, Call, string]>([
    ['volatile', { tool: 'clock' }, 'volatile'],
    ['of a tier that may write', { tool: 'write_file' }, 'not-read-only'],
    ['of another tier', { tool: 'shell' }, 'not-read-only'],
    ['unknown', { tool: 'toString' }, 'not-read-only'],
    ['without a name', { params: {} }, 'no-tool-name'],
    ['with an empty name', { tool: '' }, 'no-tool-name'],
  ])('never caches a tool %s', async (_name, call, reason) => {
    const kit = kitOf();
    const execute = counting();
    const cached = kit.under(readOnlyToolPolicy({}), execute);
    await cached(call);
    const second = await cached(call);
    expect(execute).toHaveBeenCalledTimes(2);
    expect(kit.statusOf(second)).toBe('bypass');
    expect(kit.eventsOf('bypass')[1]).toEqual({ category: 'tool', reason });
  });

  it('takes a tool for one that changes everything when the descriptors throw', async () => {
    const kit = kitOf();
    const execute = counting();
    const broken = {
      ...kit.services,
      tools: {
        describe: () => {
          throw new Error('registry');
        },
      },
    };
    const policy = readOnlyToolPolicy({});
    const cached = kit.under({ ...policy, run: (call) => policy.run(call, broken) }, execute);
    await cached(READ);
    await cached(READ);
    expect(execute).toHaveBeenCalledTimes(2);
    expect(kit.eventsOf('invalidate')).toHaveLength(4);
    expect(kit.warnings).toHaveLength(1);
  });

  it('says once what to do where the name of the tool is not found', async () => {
    const kit = kitOf();
    const cached = kit.under(readOnlyToolPolicy({}), counting());
    await cached('read_file', {});
    await cached('read_file', {});
    expect(kit.warnings).toHaveLength(1);
    expect(kit.warnings[0]?.message).toContain('`toolName`');
  });

  it('takes name and parameters from functions, and all that went in into the key', async () => {
    const options = { toolName: (name: string) => name, params: (_name: string, params: unknown) => params };
    expect(await runsOf(['read_file', { path: 'a' }], ['read_file', { path: 'a' }], options)).toBe(1);
    expect(await runsOf(['read_file', { path: 'a' }, 'alice'], ['read_file', { path: 'a' }, 'bob'], options)).toBe(2);
  });
});

describe('hidden parameters', () => {
  it.each<[string, unknown[], unknown[]]>([
    ['another field of the first argument', [{ ...READ, userId: 'alice' }], [{ ...READ, userId: 'bob' }]],
    ['a field that only one call has', [READ], [{ ...READ, cwd: '/tmp' }]],
    ['the other parameter fields', [{ ...READ, input: 1 }], [{ ...READ, input: 2 }]],
    ['a name beside the name', [{ ...READ, name: 'alice' }], [{ ...READ, name: 'bob' }]],
    ['a further argument', [READ, { user: 'alice' }], [READ, { user: 'bob' }]],
    ['the place of a further argument', [READ, 'x'], [READ, undefined, 'x']],
    ['parameters of another type', [{ tool: 'read_file', params: 1 }], [{ tool: 'read_file', params: '1' }]],
    ['no parameters, but another user', [{ tool: 'read_file', user: 1 }], [{ tool: 'read_file', user: 2 }]],
    ['a nested correlation id', [{ ...READ, session: { id: 1 } }], [{ ...READ, session: { id: 2 } }]],
  ])('belong into the key: %s', async (_name, first, second) => {
    expect(await runsOf(first, second)).toBe(2);
    expect(await runsOf(first, first)).toBe(1);
  });

  it.each(CORRELATION_FIELDS)('do not include the correlation field %s beside parameters', async (field) => {
    expect(await runsOf([{ ...READ, [field]: 'x' }], [{ ...READ, [field]: 'y' }])).toBe(1);
    expect(await runsOf([{ ...READ, [field]: 10 }], [{ ...READ, [field]: 20 }])).toBe(1);
  });

  it.each(CORRELATION_FIELDS)('include %s where no parameters stand beside it', async (field) => {
    const flat = { tool: 'read_file' };
    expect(await runsOf([{ ...flat, [field]: 'x' }], [{ ...flat, [field]: 'y' }])).toBe(2);
    const options = { params: (call: Call) => call.query };
    expect(await runsOf([{ ...flat, [field]: 'x' }], [{ ...flat, [field]: 'y' }], options)).toBe(2);
    expect(await runsOf([{ ...flat, params: null, [field]: 'x' }], [{ ...flat, [field]: 'y' }])).toBe(2);
  });

  it('include a correlation field that holds neither a text nor a number', async () => {
    expect(await runsOf([{ ...READ, id: { user: 1 } }], [{ ...READ, id: { user: 2 } }])).toBe(2);
  });

  it('include the type', async () => {
    expect(await runsOf([{ ...READ, type: 'binary' }], [{ ...READ, type: 'text' }])).toBe(2);
  });

  it('do not include signals', async () => {
    const signal = (): AbortSignal => new AbortController().signal;
    expect(await runsOf([READ, signal()], [READ, signal()])).toBe(1);
    expect(await runsOf([READ], [READ, signal()])).toBe(1);
    expect(await runsOf([{ ...READ, signal: signal() }], [READ])).toBe(1);
    expect(await runsOf([READ, signal(), 'alice'], [READ, signal(), 'bob'])).toBe(2);
  });

  it('are found in a validated body, which is an instance of a class of nothing but fields', async () => {
    class Body {}
    class ToolBody extends Body {}
    const body = (fields: object): object => Object.assign(new ToolBody(), READ, fields);
    expect(await runsOf([body({})], [body({})])).toBe(1);
    expect(await runsOf([body({})], [Object.assign(new Body(), READ)])).toBe(2);
    expect(await runsOf([body({ user: 'alice' })], [body({ user: 'bob' })])).toBe(2);
  });

  it('are replaced by what vary answers', async () => {
    const options = { vary: (call: Call) => call.tenant };
    expect(await runsOf([{ ...READ, tenant: 1, user: 1 }], [{ ...READ, tenant: 1, user: 2 }], options)).toBe(1);
    expect(await runsOf([{ ...READ, tenant: 1 }], [{ ...READ, tenant: 2 }], options)).toBe(2);
  });

  it.each<[string, unknown[]]>([
    ['a function', [READ, () => undefined]],
    ['an instance of a class', [{ ...READ, user: new (class User {})() }]],
    [
      'a first argument with methods, which may answer what no field shows',
      [
        Object.assign(
          new (class Command {
            run(): void {}
          })(),
          READ,
        ),
      ],
    ],
    [
      'a first argument with accessors',
      [
        Object.assign(
          new (class Command {
            get more() {
              return 1;
            }
          })(),
          READ,
        ),
      ],
    ],
  ])('that no key can be made of go past the cache, and say once what to do: %s', async (_name, args) => {
    const kit = kitOf();
    const execute = counting();
    const cached = kit.under(readOnlyToolPolicy({}), execute);
    await cached(...args);
    await cached(...args);
    expect(execute).toHaveBeenCalledTimes(2);
    expect(kit.eventsOf('bypass')[0]).toEqual({ category: 'tool', reason: 'not-keyable' });
    expect(kit.warnings).toHaveLength(1);
    expect(kit.warnings[0]?.message).toContain('`vary`');
    expect(kit.eventsOf('invalidate')).toEqual([]);
  });
});

describe('results that name the call', () => {
  /** What two calls that differ in their id alone are answered by a tool that answers so. */
  async function answersTo(
    answer: (call: Call) => unknown,
    options: Options = {},
    ids: readonly unknown[] = ['call_1', 'call_2'],
  ): Promise<{ answers: unknown[]; kit: RecordingCache }> {
    const kit = kitOf();
    const cached = kit.under(readOnlyToolPolicy(options), async (call: Call) => answer(call));
    const answers = [];
    for (const id of ids) answers.push(await cached({ id, name: 'read_file', arguments: '{"path":"a"}' }));
    return { answers, kit };
  }

  it.each<[string, (call: Call) => unknown]>([
    ['in a field', ({ id }) => ({ role: 'tool', tool_call_id: id, content: 'x' })],
    ['in a field of a field', ({ id }) => ({ ok: true, message: { tool_call_id: id } })],
    ['in an array', ({ id }) => [true, { tool_call_id: id }]],
    ['as the whole', ({ id }) => id],
  ])('are for their own call: the id %s', async (_name, answer) => {
    const { answers, kit } = await answersTo(answer);
    expect(answers).toEqual(['call_1', 'call_2'].map((id) => answer({ id })));
    const reason = 'an id of the call stands in its result';
    expect(kit.eventsOf('refused')[0]).toEqual({ category: 'tool', reason, isIntended: true });
    expect(kit.eventsOf('set')).toEqual([]);
  });

  it('are so with numbers, and with vary, too', async () => {
    const answer = ({ id }: Call): unknown => ({ step: id });
    expect((await answersTo(answer, {}, [1, 2])).answers).toEqual([{ step: 1 }, { step: 2 }]);
    expect((await answersTo(answer, { vary: () => 'alice' })).answers).toEqual([
      { step: 'call_1' },
      { step: 'call_2' },
    ]);
  });

  it('are stored where they do not', async () => {
    const { kit } = await answersTo(() => ({ role: 'tool', content: 'x' }));
    expect(kit.eventsOf('hit')).toHaveLength(1);
  });

  it('are not given to who waited for the same load', async () => {
    const kit = kitOf();
    const gate = deferred<undefined>();
    const cached = kit.under(readOnlyToolPolicy({}), async ({ id }: Call) => {
      await gate.promise;
      return { tool_call_id: id };
    });
    const answers = ['call_1', 'call_2', 'call_3'].map((id) => cached({ ...READ, id }));
    await settle();
    gate.resolve(undefined);
    expect(await Promise.all(answers)).toEqual(['call_1', 'call_2', 'call_3'].map((id) => ({ tool_call_id: id })));
  });
});

describe('arguments given as JSON text', () => {
  const text = (arguments_: string): unknown[] => [{ name: 'read_file', arguments: arguments_ }];

  it.each([
    ['the order of properties', '{"path":"a","depth":1}', '{"depth":1,"path":"a"}'],
    ['space', '{"path":"a b"}', '{ "path" : "a b" }\n'],
  ])('do not depend on %s', async (_name, first, second) => {
    expect(await runsOf(text(first), text(second))).toBe(1);
  });

  it.each([
    ['other values', '{"path":"a"}', '{"path":"b"}'],
    ['space inside a text', '{"path":"a b"}', '{"path":"a  b"}'],
    ['numbers too large to be told apart', '{"id":12345678901234567891}', '{"id":12345678901234567892}'],
    ['a property that is given twice', '{"id":1,"id":2}', '{"id":2}'],
    ['text that is no JSON', '{path:"a"}', '{path: "a"}'],
  ])('are kept apart: %s', async (_name, first, second) => {
    expect(await runsOf(text(first), text(second))).toBe(2);
    expect(await runsOf(text(first), text(first))).toBe(1);
  });

  it('are not the same as the object itself', async () => {
    expect(await runsOf(text('{"path":"a"}'), [{ name: 'read_file', arguments: { path: 'a' } }])).toBe(2);
  });

  it('stay texts in every other field', async () => {
    const input = (value: string): unknown[] => [{ name: 'read_file', input: value }];
    expect(await runsOf(input('{"a":1,"b":2}'), input('{"b":2,"a":1}'))).toBe(2);
  });
});

describe('tools that may change something', () => {
  /** Whether a result that was read before, or while, a tool ran is still served after it. */
  async function survivors(tool: Call, options: RecordingOptions = {}, fails = false): Promise<string[]> {
    const kit = kitOf(options);
    let version = 0;
    const during: unknown[] = [];
    const execute = async (call: Call): Promise<unknown> => {
      if (call.tool === 'read_file') return { version };
      during.push(await cached({ tool: 'read_file', params: { path: 'read meanwhile' } }));
      version++;
      if (fails) throw new Error('disk full');
      return { ok: true };
    };
    const cached = kit.under(readOnlyToolPolicy({}), execute);
    await cached(READ);
    await cached(tool).catch(() => undefined);
    const before = (await cached(READ)) as { version: number };
    const meanwhile = (await cached({ tool: 'read_file', params: { path: 'read meanwhile' } })) as { version: number };
    return [...(before.version === 0 ? ['before'] : []), ...(meanwhile.version === 0 ? ['meanwhile'] : [])];
  }

  const onlyBefore = (cache: RecordingCache['cache']): RecordingCache['cache'] =>
    withMethods(cache, {
      invalidateAround: async (targets, change) => {
        await Promise.all([targets].flat().map((target) => cache.invalidate(target)));
        return change();
      },
    });

  it.each<[string, Call]>([
    ['WRITE', { tool: 'write_file' }],
    ['SYSTEM', { tool: 'shell' }],
    ['unknown', { tool: 'rm' }],
    ['nameless', {}],
  ])('make every result unusable that was read before or meanwhile: %s', async (_name, tool) => {
    expect(await survivors(tool)).toEqual([]);
  });

  it('do so when they fail, too', async () => {
    expect(await survivors({ tool: 'write_file' }, {}, true)).toEqual([]);
  });

  it('leave everything alone when they are READ_ONLY and volatile', async () => {
    expect(await survivors({ tool: 'clock' })).toEqual(['before', 'meanwhile']);
  });

  it('(the check finds a write that is taken for a read)', async () => {
    expect(
      await survivors(
        { tool: 'write_file' },
        { tools: { ...TOOLS, write_file: { permissionTier: 'READ_ONLY', volatile: true } } },
      ),
    ).toEqual(['before', 'meanwhile']);
  });

  it('(the check finds an invalidation before the write only)', async () => {
    expect(await survivors({ tool: 'write_file' }, { mutate: onlyBefore })).toEqual(['meanwhile']);
  });

  it('pass on what they answer and throw', async () => {
    const kit = kitOf();
    const answer = { ok: true };
    expect(await kit.under(readOnlyToolPolicy({}), async (_call: Call) => answer)({ tool: 'shell' })).toBe(answer);
    const failure = new Error('disk full');
    const failing = kit.under(readOnlyToolPolicy({}), async (_call: Call) => Promise.reject(failure));
    await expect(failing({ tool: 'shell' })).rejects.toBe(failure);
    expect(kit.eventsOf('bypass')).toHaveLength(2);
  });

  it('invalidate also where the instance is not known', async () => {
    const kit = kitOf();
    const cached = kit.under(readOnlyToolPolicy({}), counting(), { identity: null });
    await cached({ tool: 'write_file' });
    expect(kit.eventsOf('invalidate')).toHaveLength(2);
  });
});

describe('failed results', () => {
  it.each<[string, unknown]>([
    ['[false, …]', [false, 'not found']],
    ['{ ok: false }', { ok: false }],
    ['{ success: false }', { success: false }],
    ['{ isError: true }', { isError: true, content: [] }],
    ['{ error }', { error: 'not found' }],
  ])('are passed on and not stored: %s', async (_name, result) => {
    const kit = kitOf();
    const execute = jest.fn(async (_call: Call) => result);
    const cached = kit.under(readOnlyToolPolicy({}), execute);
    expect(await cached(READ)).toBe(result);
    await cached(READ);
    expect(execute).toHaveBeenCalledTimes(2);
    expect(kit.eventsOf('refused')[0]).toMatchObject({ category: 'tool', reason: 'failed result' });
  });

  it.each<[string, unknown]>([
    ['[true, …]', [true, 'content']],
    ['{ ok: true }', { ok: true, error: null }],
    ['an array that begins with false', [false, false, true]],
    ['false', false],
    ['an empty object', {}],
    ['an empty text', ''],
    ['0', 0],
    ['null', null],
  ])('are not taken for failures: %s', async (_name, result) => {
    const kit = kitOf();
    const execute = jest.fn(async (_call: Call) => result);
    const cached = kit.under(readOnlyToolPolicy({}), execute);
    await cached(READ);
    expect(await cached(READ)).toEqual(result);
    expect(execute).toHaveBeenCalledTimes(1);
  });

  it('are found among the emissions of an Observable', async () => {
    const kit = kitOf();
    const execute = jest.fn(async (_call: Call) => [{ ok: true }, { ok: false }]);
    const cached = kit.under(readOnlyToolPolicy({}), execute, { isObservable: true });
    await cached(READ);
    await cached(READ);
    expect(execute).toHaveBeenCalledTimes(2);
  });

  it('include what is thrown', async () => {
    const kit = kitOf();
    const execute = jest.fn(async (_call: Call) => Promise.reject(new Error('not found')));
    const cached = kit.under(readOnlyToolPolicy({}), execute);
    await expect(cached(READ)).rejects.toThrow('not found');
    await expect(cached(READ)).rejects.toThrow('not found');
    expect(execute).toHaveBeenCalledTimes(2);
  });
});

describe('authorize and validate', () => {
  class Executor {
    revoked = false;
    readonly asked: string[] = [];
    authorize(call: Call): void {
      this.asked.push('authorize');
      if (this.revoked) throw new Error(`${String(call.user)} may not`);
    }
    async validate(_call: Call): Promise<void> {
      this.asked.push('validate');
    }
  }
  const authorize = function (this: Executor, call: Call): void {
    this.authorize(call);
  };
  const validate = function (this: Executor, call: Call): Promise<void> {
    return this.validate(call);
  };

  it('run before every load and every hit, in the order they are given', async () => {
    for (const [options, order] of [
      [{ authorize, validate }, ['authorize', 'validate']],
      [{ validate, authorize }, ['validate', 'authorize']],
    ] as const) {
      const kit = kitOf();
      const executor = new Executor();
      const cached = kit.under(readOnlyToolPolicy(options), counting(), { instance: executor });
      await cached(READ);
      expect(kit.statusOf(await cached(READ))).toBe('hit');
      expect(executor.asked).toEqual([...order, ...order]);
    }
  });

  /** Whether a caller whose permission was revoked is still answered. */
  async function isBypassed(options: Options): Promise<boolean> {
    const kit = kitOf();
    const executor = new Executor();
    const execute = async (call: Call): Promise<unknown> => {
      executor.authorize(call);
      return { secret: true };
    };
    const cached = kit.under(readOnlyToolPolicy(options), execute, { instance: executor });
    await cached({ ...READ, user: 'alice' });
    executor.revoked = true;
    return cached({ ...READ, user: 'alice' }).then(
      () => true,
      () => false,
    );
  }

  it('keep a hit from doing what a miss would have been refused', async () => {
    expect(await isBypassed({ authorize })).toBe(false);
  });

  it('(the check finds an executor whose permissions the cache is not told of)', async () => {
    expect(await isBypassed({})).toBe(true);
  });

  it('pass on what they throw, unchanged, and do not run the method', async () => {
    const kit = kitOf();
    const execute = counting();
    const failure = new Error('forbidden');
    const cached = kit.under(readOnlyToolPolicy({ authorize: async () => Promise.reject(failure) }), execute);
    await expect(cached(READ)).rejects.toBe(failure);
    expect(execute).not.toHaveBeenCalled();
  });

  it('leave the decision to the method where they answer false', async () => {
    const kit = kitOf();
    const execute = counting();
    const cached = kit.under(readOnlyToolPolicy({ authorize: async () => false }), execute);
    expect(kit.statusOf(await cached(READ))).toBe('bypass');
    await cached(READ);
    expect(execute).toHaveBeenCalledTimes(2);
    expect(kit.eventsOf('bypass')[0]).toEqual({ category: 'tool', reason: 'not-authorized' });
  });

  it('let the call through where they answer anything else', async () => {
    const kit = kitOf();
    const execute = counting();
    const cached = kit.under(readOnlyToolPolicy({ authorize: () => undefined, validate: () => 0 }), execute);
    await cached(READ);
    await cached(READ);
    expect(execute).toHaveBeenCalledTimes(1);
  });

  it('may change the arguments before the key is made of them', async () => {
    const kit = kitOf();
    const execute = counting();
    const normalise = (call: { params: { path: string } }): void =>
      void (call.params.path = call.params.path.toLowerCase());
    const cached = kit.under(readOnlyToolPolicy({ validate: normalise }), execute);
    await cached({ tool: 'read_file', params: { path: 'A.ts' } });
    await cached({ tool: 'read_file', params: { path: 'a.ts' } });
    expect(execute).toHaveBeenCalledTimes(1);
  });

  it('are not asked about tools that are not cached', async () => {
    const kit = kitOf();
    const asked = jest.fn();
    const cached = kit.under(readOnlyToolPolicy({ authorize: asked }), counting());
    await cached({ tool: 'write_file' });
    await cached({ tool: 'clock' });
    expect(asked).not.toHaveBeenCalled();
  });
});
