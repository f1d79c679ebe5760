import { describe, expect, it, jest } from '@jest/globals';
import { contextPolicy } from '../../../src/agent/contexts/context-policy.js';
import { invalidatesContextPolicy } from '../../../src/agent/contexts/invalidates-context-policy.js';
import { deferred, settle } from '../../support/cache-kit.js';
import { createRecordingCache, withMethods } from '../../support/recording-cache.js';

interface Request {
  taskId?: unknown;
  task_id?: unknown;
  turn?: unknown;
  [field: string]: unknown;
}

const messagesOf = (request: Request): { role: string; content: string }[] => [
  { role: 'user', content: `turn ${String(request.turn)}` },
];
const spread = (): jest.Mock<(request: Request) => Promise<Record<string, unknown>>> =>
  jest.fn(async (request: Request) => ({ ...request, messages: messagesOf(request) }));

describe('contextPolicy', () => {
  it('builds the context of a turn once', async () => {
    const kit = createRecordingCache();
    const build = spread();
    const cached = kit.under(contextPolicy({}), build);
    const first = await cached({ taskId: 't1', turn: 3 });
    const second = await cached({ taskId: 't1', turn: 3 });
    expect(build).toHaveBeenCalledTimes(1);
    expect(second).toEqual(first);
    expect([kit.statusOf(first), kit.statusOf(second)]).toEqual(['miss', 'hit']);
    expect(kit.cache.outcomeOf(second)?.key).toBe('context:t1:3:AppModule.Service.method');
    expect(kit.eventsOf('hit')).toMatchObject([{ category: 'context' }]);
  });

  it('gives who loads the very object the method returned, and everybody else a copy of their own', async () => {
    const kit = createRecordingCache();
    const made = { messages: [{ role: 'user', content: 'x' }] };
    const cached = kit.under(contextPolicy({}), async (_request: Request) => made);
    expect(await cached({ taskId: 't', turn: 1 })).toBe(made);
    made.messages.push({ role: 'tool', content: 'of the first caller' });
    const copy = (await cached({ taskId: 't', turn: 1 })) as typeof made;
    copy.messages.push({ role: 'tool', content: 'of the second caller' });
    expect(await cached({ taskId: 't', turn: 1 })).toEqual({ messages: [{ role: 'user', content: 'x' }] });
  });

  it.each<[string, Request, Request]>([
    ['taskId wins over task_id', { taskId: 'a', task_id: 'b', turn: 1 }, { taskId: 'a', task_id: 'c', turn: 1 }],
    ['task_id serves where taskId is missing', { task_id: 'a', turn: 1 }, { taskId: 'a', turn: 1 }],
    ['a number is its decimal text', { taskId: 5, turn: 1 }, { taskId: '5', turn: 1 }],
    ['turn 0 is a turn', { taskId: 'a', turn: 0 }, { taskId: 'a', turn: 0 }],
  ])('%s', async (_name, first, second) => {
    const kit = createRecordingCache();
    const build = spread();
    const cached = kit.under(contextPolicy({}), build);
    await cached(first);
    await cached(second);
    expect(build).toHaveBeenCalledTimes(1);
  });

  it.each<[string, Request, Request]>([
    ['tasks', { taskId: 'a', turn: 1 }, { taskId: 'b', turn: 1 }],
    ['turns', { taskId: 'a', turn: 1 }, { taskId: 'a', turn: 2 }],
    ['the turn 1 and the turn named 1', { taskId: 'a', turn: 1 }, { taskId: 'a', turn: '1' }],
    ['ids that contain separators', { taskId: 'a:1', turn: 1 }, { taskId: 'a', turn: '1:1' }],
  ])('keeps apart %s', async (_name, first, second) => {
    const kit = createRecordingCache();
    const build = spread();
    const cached = kit.under(contextPolicy({}), build);
    await cached(first);
    await cached(second);
    expect(build).toHaveBeenCalledTimes(2);
  });

  it.each<[string, unknown[], string]>([
    ['no task id', [{ turn: 1 }], 'no-task-id'],
    ['an empty task id', [{ taskId: '', turn: 1 }], 'no-task-id'],
    ['a task id that is an object', [{ taskId: {}, turn: 1 }], 'no-task-id'],
    ['a task id that is NaN', [{ taskId: NaN, turn: 1 }], 'no-task-id'],
    ['no turn', [{ taskId: 'a' }], 'no-turn'],
    ['a turn that is null', [{ taskId: 'a', turn: null }], 'no-turn'],
    ['a turn that is empty', [{ taskId: 'a', turn: '' }], 'no-turn'],
    ['a turn that is not finite', [{ taskId: 'a', turn: Infinity }], 'no-turn'],
    ['no argument', [], 'no-task-id'],
    ['a text for an argument', ['a'], 'no-task-id'],
  ])('goes past the cache with %s', async (_name, args, reason) => {
    const kit = createRecordingCache();
    const build = jest.fn(async (..._args: unknown[]) => ({ messages: [1] }));
    const cached = kit.under(contextPolicy({}), build);
    const results = [await cached(...args), await cached(...args)];
    expect(build).toHaveBeenCalledTimes(2);
    expect(results.map((result) => kit.statusOf(result))).toEqual(['bypass', 'bypass']);
    expect(kit.eventsOf('bypass')).toEqual([
      { category: 'context', reason },
      { category: 'context', reason },
    ]);
  });

  it('takes task and turn from functions, called with the instance', async () => {
    const kit = createRecordingCache();
    const build = jest.fn(async (_a: string, _b: number) => ({ messages: [1] }));
    const taskId = function (this: { prefix: string }, id: string): string {
      return this.prefix + id;
    };
    const policy = contextPolicy({ taskId, turn: (_id: string, turn: number) => turn });
    const cached = kit.under(policy, build, { instance: { prefix: 'p-' } });
    const result = await cached('a', 7);
    expect(kit.cache.outcomeOf(result)?.key).toBe('context:p-a:7:AppModule.Service.method');
  });

  it('goes past the cache where such a function throws, and says so once', async () => {
    const kit = createRecordingCache();
    const policy = contextPolicy({
      taskId: () => {
        throw new Error('secret');
      },
    });
    const cached = kit.under(policy, async () => ({ messages: [1] }));
    expect(await cached()).toEqual({ messages: [1] });
    await cached();
    expect(kit.warnings).toHaveLength(1);
    expect(kit.warnings[0]?.message).not.toContain('secret');
  });

  it('does not store an empty conversation', async () => {
    const kit = createRecordingCache();
    const build = jest.fn(async (_request: Request) => ({ messages: [] }));
    const cached = kit.under(contextPolicy({}), build);
    await cached({ taskId: 'a', turn: 1 });
    await cached({ taskId: 'a', turn: 1 });
    expect(build).toHaveBeenCalledTimes(2);
    expect(kit.eventsOf('refused')).toHaveLength(2);
  });

  it('goes past the cache where the instance is not known, and says how to change that', async () => {
    const kit = createRecordingCache();
    const build = spread();
    const cached = kit.under(contextPolicy({}), build, { identity: null });
    await cached({ taskId: 'a', turn: 1 });
    await cached({ taskId: 'a', turn: 1 });
    expect(build).toHaveBeenCalledTimes(2);
    expect(kit.eventsOf('bypass')[0]).toEqual({ category: 'context', reason: 'unknown-identity' });
    expect(kit.warnings).toHaveLength(1);
    expect(kit.warnings[0]?.message).toContain('`namespace`');
  });

  it('lets instances share that give the same namespace, but not two of their methods', async () => {
    const kit = createRecordingCache();
    const build = spread();
    const policy = contextPolicy({ namespace: 'shared' });
    await kit.under(policy, build, { identity: null, method: 'build' })({ taskId: 'a', turn: 1 });
    await kit.under(policy, build, { identity: null, method: 'build' })({ taskId: 'a', turn: 1 });
    expect(build).toHaveBeenCalledTimes(1);
    await kit.under(policy, build, { identity: null, method: 'buildShort' })({ taskId: 'a', turn: 1 });
    expect(build).toHaveBeenCalledTimes(2);
    expect(kit.eventsOf('hit')).toMatchObject([{ category: 'shared' }]);
  });

  it('puts what vary answers into the key', async () => {
    const kit = createRecordingCache();
    const build = spread();
    const cached = kit.under(contextPolicy({ vary: (request: Request) => request.locale }), build);
    const first = await cached({ taskId: 'a', turn: 1, locale: 'de' });
    await cached({ taskId: 'a', turn: 1, locale: 'en' });
    await cached({ taskId: 'a', turn: 1, locale: 'de' });
    expect(build).toHaveBeenCalledTimes(2);
    expect(kit.cache.outcomeOf(first)?.key).toMatch(/^context:a:1:#[0-9a-f]{64}:AppModule\.Service\.method$/);
  });

  it('judges what the method returned with admit, not what is stored of it', async () => {
    const kit = createRecordingCache();
    const admit = jest.fn((_result: unknown) => false);
    const build = spread();
    const cached = kit.under(contextPolicy({ admit }), build);
    const result = await cached({ taskId: 'a', turn: 1 });
    await cached({ taskId: 'a', turn: 1 });
    expect(admit.mock.calls[0]?.[0]).toBe(result);
    expect(build).toHaveBeenCalledTimes(2);
  });

  it('passes on what the method throws, and stores nothing', async () => {
    const kit = createRecordingCache();
    const failure = new Error('no database');
    const build = jest.fn(async (_request: Request) => Promise.reject(failure));
    const cached = kit.under(contextPolicy({}), build);
    await expect(cached({ taskId: 'a', turn: 1 })).rejects.toBe(failure);
    await expect(cached({ taskId: 'a', turn: 1 })).rejects.toBe(failure);
    expect(build).toHaveBeenCalledTimes(2);
  });

  it('sets cache_hit on copies where it is asked for', async () => {
    const kit = createRecordingCache();
    const made = { messages: [1] };
    const cached = kit.under(contextPolicy({ annotate: 'cache_hit' }), async (_request: Request) => made);
    expect(await cached({ taskId: 'a', turn: 1 })).toEqual({ messages: [1], cache_hit: false });
    const hit = await cached({ taskId: 'a', turn: 1 });
    expect(hit).toEqual({ messages: [1], cache_hit: true });
    expect(kit.statusOf(hit)).toBe('hit');
    expect(made).toEqual({ messages: [1] });
    expect(await cached({ turn: 1 })).toEqual({ messages: [1], cache_hit: false });
  });

  it('keeps the emissions of an Observable', async () => {
    const kit = createRecordingCache();
    const build = jest.fn(async (request: Request) => [
      { ...request, messages: [1] },
      { ...request, messages: [1, 2] },
    ]);
    const cached = kit.under(contextPolicy({}), build, { isObservable: true });
    await cached({ taskId: 'a', turn: 1, trace: 'x' });
    expect(await cached({ taskId: 'a', turn: 1, trace: 'y' })).toEqual([
      { taskId: 'a', turn: 1, trace: 'y', messages: [1] },
      { taskId: 'a', turn: 1, trace: 'y', messages: [1, 2] },
    ]);
    expect(build).toHaveBeenCalledTimes(1);
  });
});

describe('fields that came in with the request', () => {
  const hitOf = async (
    build: (request: Request) => Promise<unknown>,
    first: Request,
    second: Request,
  ): Promise<unknown> => {
    const kit = createRecordingCache();
    const cached = kit.under(contextPolicy({}), build);
    await cached(first);
    const result = await cached(second);
    expect(kit.statusOf(result)).toBe('hit');
    return result;
  };

  /** The check that a replay shows the present request's fields only; answers what leaked. */
  const leakOf = async (policy: ReturnType<typeof contextPolicy>): Promise<unknown> => {
    const kit = createRecordingCache();
    const cached = kit.under(policy, async (request: Request) => ({ ...request, messages: ['m'] }));
    await cached({ taskId: 'a', turn: 1, user: 'alice' });
    const replayed = (await cached({ taskId: 'a', turn: 1, user: 'bob' })) as Record<string, unknown>;
    return replayed.user === 'bob' ? null : replayed.user;
  };

  it('are not replayed from another call', async () => {
    expect(await leakOf(contextPolicy({}))).toBeNull();
  });

  it('(the check finds a policy that stores the whole result)', async () => {
    expect(await leakOf(contextPolicy({ store: (result) => result }))).toBe('alice');
  });

  it('are taken from the present request, in the order of the first result', async () => {
    const build = async (request: Request): Promise<unknown> => ({ ...request, messages: ['m'], tokens: 3 });
    const result = await hitOf(build, { taskId: 'a', turn: 1, trace: '1' }, { turn: 1, trace: '2', taskId: 'a' });
    expect(JSON.stringify(result)).toBe('{"taskId":"a","turn":1,"trace":"2","messages":["m"],"tokens":3}');
  });

  it('are absent where the present request lacks them', async () => {
    const build = async (request: Request): Promise<unknown> => ({ ...request, messages: ['m'] });
    expect(await hitOf(build, { taskId: 'a', turn: 1, trace: '1' }, { taskId: 'a', turn: 1 })).toEqual({
      taskId: 'a',
      turn: 1,
      messages: ['m'],
    });
  });

  it('include further fields of the present request where the method spreads its request', async () => {
    const build = async (request: Request): Promise<unknown> => ({ ...request, messages: ['m'] });
    const result = await hitOf(build, { taskId: 'a', turn: 1 }, { taskId: 'a', turn: 1, trace: '2' });
    expect(JSON.stringify(result)).toBe('{"taskId":"a","turn":1,"trace":"2","messages":["m"]}');
  });

  it('do not include further fields where the method picks', async () => {
    const build = async ({ taskId }: Request): Promise<unknown> => ({ taskId, messages: ['m'] });
    expect(await hitOf(build, { taskId: 'a', turn: 1 }, { taskId: 'a', turn: 1, trace: '2' })).toEqual({
      taskId: 'a',
      messages: ['m'],
    });
  });

  it('are recognised by content, not by identity', async () => {
    const build = async (request: Request): Promise<unknown> => ({ ...structuredClone(request), messages: ['m'] });
    const result = await hitOf(
      build,
      { taskId: 'a', turn: 1, user: { id: 1 } },
      { taskId: 'a', turn: 1, user: { id: 2 } },
    );
    expect(result).toMatchObject({ user: { id: 2 } });
  });

  it('do not include what the method made of a field', async () => {
    const build = async (request: Request): Promise<unknown> => ({ ...request, user: { id: 9 }, messages: ['m'] });
    const result = await hitOf(
      build,
      { taskId: 'a', turn: 1, user: { id: 1 } },
      { taskId: 'a', turn: 1, user: { id: 2 } },
    );
    expect(result).toMatchObject({ user: { id: 9 } });
  });

  it('do not include a field that the method changed in place', async () => {
    const build = async (request: Request): Promise<unknown> => {
      (request.stats as { tokens: number }).tokens = 42;
      return { ...request, messages: ['m'] };
    };
    const result = await hitOf(
      build,
      { taskId: 'a', turn: 1, stats: { tokens: 0 } },
      { taskId: 'a', turn: 1, stats: { tokens: 0 } },
    );
    expect(result).toMatchObject({ stats: { tokens: 42 } });
  });

  it.each<[string, (request: Request) => object]>([
    ['under another name', ({ user }) => ({ requestedBy: user })],
    ['as an item of an array', ({ user }) => ({ readers: ['all', user] })],
    ['in an item of an array', ({ user }) => ({ sources: [{ user }] })],
    ['in an item of an array under another name', ({ user }) => ({ sources: [{ by: user }] })],
    ['in an object under another name', ({ user }) => ({ audit: { by: user } })],
  ])('keep a result in which one stands %s from being replayed', async (_where, make) => {
    const kit = createRecordingCache();
    const cached = kit.under(contextPolicy({}), async (request: Request) => ({ messages: ['m'], ...make(request) }));
    for (const user of ['alice', 'bob', 'bob']) {
      expect(JSON.stringify(await cached({ taskId: 'a', turn: 1, user }))).toContain(`"${user}"`);
    }
  });

  it.each<[string, (request: Request) => object]>([
    ['the task id, which is the key', ({ taskId }) => ({ id: taskId })],
    ['a number', ({ count }) => ({ length: count })],
    ['an empty text', () => ({ title: '' })],
  ])('are not taken for %s under another name', async (_what, make) => {
    const build = async (request: Request): Promise<unknown> => ({ messages: ['m'], ...make(request) });
    await hitOf(build, { taskId: 'a', turn: 1, count: 3, empty: '' }, { taskId: 'a', turn: 1, count: 3, empty: '' });
  });

  it('include values that cannot be stored', async () => {
    const logger = new (class Logger {})();
    const later = new (class Logger {})();
    const build = async (request: Request): Promise<unknown> => ({ ...request, messages: ['m'] });
    const result = await hitOf(build, { taskId: 'a', turn: 1, logger }, { taskId: 'a', turn: 1, logger: later });
    expect((result as Request).logger).toBe(later);
  });

  it('may be those of an instance of a class', async () => {
    class TaskRequest {
      [field: string]: unknown;
      readonly taskId = 'a';
      readonly turn = 1;
      constructor(user: string) {
        this.user = user;
      }
    }
    const build = async (request: Request): Promise<unknown> => ({ ...request, messages: ['m'] });
    const result = await hitOf(build, new TaskRequest('alice'), new TaskRequest('bob'));
    expect(result).toEqual({ taskId: 'a', turn: 1, user: 'bob', messages: ['m'] });
  });

  it('never include messages', async () => {
    const build = async (request: Request): Promise<unknown> => ({
      ...request,
      messages: [...messagesOf(request), 'm'],
    });
    const request = { taskId: 'a', turn: 1, messages: ['1'] };
    const result = await hitOf(build, request, { ...request, messages: ['1'] });
    expect(result).toMatchObject({ messages: [{ role: 'user' }, 'm'] });
    const asGiven = await hitOf(async (given) => ({ ...given }), request, { ...request, messages: ['1'] });
    expect(asGiven).toMatchObject({ messages: ['1'] });
  });

  it('survive names that objects inherit', async () => {
    const request = (trace: string): Request =>
      JSON.parse(`{"taskId":"a","turn":1,"__proto__":{"trace":"${trace}"},"constructor":"${trace}"}`) as Request;
    const build = async (given: Request): Promise<unknown> => ({ ...given, messages: ['m'] });
    const result = await hitOf(build, request('1'), request('2'));
    expect(Object.getOwnPropertyDescriptor(result, '__proto__')?.value).toEqual({ trace: '2' });
    expect(Object.getPrototypeOf(result)).toBe(Object.prototype);
    expect(result).toMatchObject({ constructor: '2' });
  });

  it.each<[string, unknown]>([
    ['an array', ['m']],
    ['a text', 'prompt'],
    ['null', null],
    ['an array of messages', [{ role: 'user', taskId: 'a', turn: 1 }]],
  ])('do not matter for a result that is %s: it is stored whole', async (_name, made) => {
    const kit = createRecordingCache();
    const build = jest.fn(async (_request: Request) => made);
    const cached = kit.under(contextPolicy({}), build);
    await cached({ taskId: 'a', turn: 1 });
    expect(await cached({ taskId: 'a', turn: 1 })).toEqual(made);
    expect(build).toHaveBeenCalledTimes(1);
  });

  it.each<[string, (request: Request) => unknown]>([
    ['an object without messages', (request) => ({ ...request, prompt: 'p' })],
    [
      'an object without a prototype',
      (request) => Object.assign(Object.create(null) as object, request, { messages: ['m'] }),
    ],
    ['the request itself', (request) => request],
  ])('are those of the present request in %s', async (_name, made) => {
    const present = { taskId: 'a', turn: 1, user: 'bob', trace: '2' };
    const result = await hitOf(async (request) => made(request), { taskId: 'a', turn: 1, user: 'alice' }, present);
    expect(result).toEqual(made(present));
    expect(JSON.stringify(result)).toBe(JSON.stringify(made(present)));
    expect(Object.getPrototypeOf(result)).toBe(Object.getPrototypeOf(made(present)));
  });

  it('do not keep the messages of an object without a prototype from being empty', async () => {
    const kit = createRecordingCache();
    const cached = kit.under(contextPolicy({}), async (_request: Request) =>
      Object.assign(Object.create(null) as object, { messages: [] }),
    );
    await cached({ taskId: 'a', turn: 1 });
    await cached({ taskId: 'a', turn: 1 });
    expect(kit.eventsOf('refused')).toHaveLength(2);
  });

  it.each<[string, (request: Request) => unknown]>([
    ['the items of an array', (request) => [{ role: 'system' }, { ...request, messages: ['m'] }]],
    ['an object in a field', ({ user }) => ({ messages: ['m'], meta: { user } })],
  ])('keep a result from being stored, and from being shared, where they stand in %s', async (_name, made) => {
    const kit = createRecordingCache();
    const gate = deferred<undefined>();
    const build = jest.fn(async (request: Request) => {
      await gate.promise;
      return made(request);
    });
    const cached = kit.under(contextPolicy({}), build);
    const users = ['alice', 'bob', 'carol'];
    const ask = (user: string): Promise<unknown> => cached({ taskId: 'a', turn: 1, user });
    const waiting = users.map(ask);
    await settle();
    gate.resolve(undefined);
    const requests = users.map((user): Request => ({ taskId: 'a', turn: 1, user }));
    expect(await Promise.all(waiting)).toEqual(requests.map(made));
    expect(await ask('dora')).toEqual(made({ taskId: 'a', turn: 1, user: 'dora' }));
    const reason = 'fields of the request stand within the result';
    expect(kit.eventsOf('refused')[0]).toEqual({ category: 'context', reason, isIntended: true });
  });

  it.each<[string, Parameters<typeof contextPolicy>[0], Request]>([
    ['the task of a number', {}, { taskId: 5, turn: 1 }],
    ['a task id that is not the one', {}, { taskId: 'a', task_id: 'b', turn: 1 }],
    [
      'what a function takes for the task',
      { taskId: (request: Request) => request.chat as string },
      { chat: 'a', turn: 1 },
    ],
    ['what a function takes for the turn', { turn: () => 1 }, { taskId: 'a', turn: 1 }],
  ])('count as such in items, unless they are the key: %s', async (_name, options, request) => {
    const kit = createRecordingCache();
    const cached = kit.under(contextPolicy(options), async (given: Request) => [{ ...given }]);
    await cached(request);
    await cached(request);
    expect(kit.eventsOf('set')).toEqual([]);
  });

  it('do not turn an instance of a class into a plain object', async () => {
    class Context {
      messages = ['m'];
    }
    const kit = createRecordingCache();
    const cached = kit.under(contextPolicy({}), async (_request: Request) => new Context());
    await cached({ taskId: 'a', turn: 1 });
    expect(await cached({ taskId: 'a', turn: 1 })).toBeInstanceOf(Context);
  });

  it('may be told apart by store and restore', async () => {
    const kit = createRecordingCache();
    const build = jest.fn(async (request: Request) => ({ user: request.user, messages: ['m'] }));
    const policy = contextPolicy({
      store: (result) => (result as { messages: string[] }).messages,
      restore: (stored, request: Request) => ({ user: request.user, messages: stored }),
    });
    const cached = kit.under(policy, build);
    expect(await cached({ taskId: 'a', turn: 1, user: 'alice' })).toEqual({ user: 'alice', messages: ['m'] });
    expect(await cached({ taskId: 'a', turn: 1, user: 'bob' })).toEqual({ user: 'bob', messages: ['m'] });
    expect(build).toHaveBeenCalledTimes(1);
  });

  it('run the method where store or restore throws', async () => {
    const fail = (): never => {
      throw new Error('hook');
    };
    for (const options of [{ store: fail }, { restore: fail }]) {
      const kit = createRecordingCache();
      const build = spread();
      const cached = kit.under(contextPolicy(options), build);
      await cached({ taskId: 'a', turn: 1 });
      expect(await cached({ taskId: 'a', turn: 1 })).toMatchObject({ messages: [{ role: 'user' }] });
      expect(build).toHaveBeenCalledTimes(2);
    }
  });

  it('are those of each caller where several wait for one load', async () => {
    const kit = createRecordingCache();
    const gate = deferred<undefined>();
    const build = jest.fn(async (request: Request) => {
      await gate.promise;
      return { ...request, messages: ['m'] };
    });
    const cached = kit.under(contextPolicy({}), build);
    const users = ['alice', 'bob', 'carol'];
    const results = users.map((user) => cached({ taskId: 'a', turn: 1, user }));
    await settle();
    gate.resolve(undefined);
    expect((await Promise.all(results)).map((result) => (result as Request).user)).toEqual(users);
    expect(build).toHaveBeenCalledTimes(1);
  });

  it('run the method for callers who waited for a result that has no stored form', async () => {
    const kit = createRecordingCache();
    const gate = deferred<undefined>();
    const build = jest.fn(async (request: Request) => {
      await gate.promise;
      return request.user === 'alice' ? undefined : { ...request, messages: ['m'] };
    });
    const cached = kit.under(contextPolicy({}), build);
    const results = ['alice', 'bob'].map((user) => cached({ taskId: 'a', turn: 1, user }));
    await settle();
    gate.resolve(undefined);
    expect(await Promise.all(results)).toEqual([undefined, { taskId: 'a', turn: 1, user: 'bob', messages: ['m'] }]);
  });
});

describe('invalidatesContextPolicy', () => {
  const request = { taskId: 'a', turn: 1 };

  it('makes the contexts of the task unusable, and of no other', async () => {
    const kit = createRecordingCache();
    const build = spread();
    const cached = kit.under(contextPolicy({}), build);
    const append = kit.under(invalidatesContextPolicy({}), async (_message: Request) => 'appended');
    await cached(request);
    await cached({ ...request, taskId: 'b' });
    expect(await append({ task_id: 'a' })).toBe('appended');
    await cached(request);
    await cached({ ...request, taskId: 'b' });
    expect(build).toHaveBeenCalledTimes(3);
  });

  it('does so before and after, whatever the outcome', async () => {
    const kit = createRecordingCache();
    const failure = new Error('constraint');
    const append = kit.under(invalidatesContextPolicy({}), async (_message: Request) => {
      expect(kit.eventsOf('invalidate')).toHaveLength(1);
      throw failure;
    });
    await expect(append(request)).rejects.toBe(failure);
    expect(kit.eventsOf('invalidate')).toEqual([
      { target: 'context', acknowledged: true },
      { target: 'context', acknowledged: true },
    ]);
  });

  /** Whether a context that was read while the message was being written is still served after it. */
  const isServedStale = async (mutate?: Parameters<typeof createRecordingCache>[0]): Promise<boolean> => {
    const kit = createRecordingCache(mutate);
    let messages = ['old'];
    const cached = kit.under(contextPolicy({}), async (_request: Request) => ({ messages: [...messages] }));
    const append = kit.under(invalidatesContextPolicy({}), async (_message: Request) => {
      await cached(request);
      messages = ['old', 'new'];
    });
    await append(request);
    return ((await cached(request)) as { messages: string[] }).messages.length === 1;
  };

  it('leaves nothing that was read while the method ran', async () => {
    expect(await isServedStale()).toBe(false);
  });

  it('(the check finds an invalidation that runs before the method only)', async () => {
    const mutate: Parameters<typeof createRecordingCache>[0] = {
      mutate: (cache) =>
        withMethods(cache, {
          invalidateAround: async (targets, change) => {
            await Promise.all([targets].flat().map((target) => cache.invalidate(target)));
            return change();
          },
        }),
    };
    expect(await isServedStale(mutate)).toBe(true);
  });

  it('runs the method without a task id, and says once what to do', async () => {
    const kit = createRecordingCache();
    const append = kit.under(invalidatesContextPolicy({}), async (text: string) => text);
    expect([await append('x'), await append('y')]).toEqual(['x', 'y']);
    expect(kit.warnings).toHaveLength(1);
    expect(kit.warnings[0]?.message).toContain('`taskId`');
    expect(kit.eventsOf('invalidate')).toEqual([]);
  });

  it('takes the task id from a function', async () => {
    const kit = createRecordingCache();
    const append = kit.under(invalidatesContextPolicy({ taskId: (id: string) => id }), async (_id: string) => 1);
    await append('a');
    expect(kit.eventsOf('invalidate')).toHaveLength(2);
  });
});
