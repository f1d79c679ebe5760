import { describe, expect, it, jest } from '@jest/globals';
import { contextPolicy } from '../../../src/agent/contexts/context-policy.js';
import { embeddingsPolicy } from '../../../src/agent/embeddings/embeddings-policy.js';
import type { MethodPolicy } from '../../../src/agent/calls/method-policy.js';
import { promptPolicy } from '../../../src/agent/prompts/prompt-policy.js';
import { readOnlyToolPolicy } from '../../../src/agent/tools/read-only-tool-policy.js';
import { valuePolicy } from '../../../src/agent/values/value-policy.js';
import { deferred, settle } from '../../support/cache-kit.js';
import { createRecordingCache, type RecordingCache } from '../../support/recording-cache.js';

interface Request {
  tool: string;
  taskId: string;
  turn: number;
  params: { turn: number };
}
const requestOf = (turn: number): Request => ({ tool: 'read_file', taskId: 'a', turn, params: { turn } });
const kitOf = (): RecordingCache => createRecordingCache({ tools: { read_file: { permissionTier: 'READ_ONLY' } } });

describe('arguments that the caller changes after the call', () => {
  const policies: [string, MethodPolicy][] = [
    ['@Cacheable', valuePolicy({})],
    ['@Cacheable with a key', valuePolicy({ key: (request: Request) => request.turn })],
    ['@CacheContext', contextPolicy({})],
    ['@CacheReadOnlyTool', readOnlyToolPolicy({})],
    ['@CachePrompt', promptPolicy({})],
  ];
  const change = (request: Request, turn: number): void => {
    request.turn = turn;
    request.params.turn = turn;
  };
  const build = async ({ params }: Request): Promise<unknown> => ({ messages: [`turn ${params.turn}`] });

  it.each(policies)('leave nothing under the key that was made of them before: %s', async (_name, policy) => {
    const kit = kitOf();
    const cached = kit.under(policy, build);
    const request = requestOf(1);
    const changed = cached(request);
    // The permission of a tool is asked for before its key is made.
    if (policy.kind === 'tool') await Promise.resolve();
    change(request, 2);
    expect(await changed).toEqual({ messages: ['turn 2'] });
    expect(await cached(requestOf(1))).toEqual({ messages: ['turn 1'] });
    const reason = 'the arguments were changed after the call';
    expect(kit.eventsOf('refused')).toMatchObject([{ reason, isIntended: true }]);
  });

  it.each(policies)('do not reach who waited for the same key: %s', async (_name, policy) => {
    const kit = kitOf();
    const gate = deferred<undefined>();
    const cached = kit.under(policy, async (request: Request) => {
      const answer = build(request);
      await gate.promise;
      return answer;
    });
    const request = requestOf(1);
    const answers = [cached(request), cached(requestOf(1))];
    if (policy.kind === 'tool') await Promise.resolve();
    change(request, 2);
    await settle();
    gate.resolve(undefined);
    expect(await Promise.all(answers)).toEqual([{ messages: ['turn 2'] }, { messages: ['turn 1'] }]);
  });

  it('count as changed where no key can be made of them any more', async () => {
    const kit = kitOf();
    const cached = kit.under(valuePolicy({}), async (request: { of: unknown }) => typeof request.of);
    const request: { of: unknown } = { of: 1 };
    const changed = cached(request);
    request.of = (): undefined => undefined;
    expect(await changed).toBe('function');
    expect(await cached({ of: 1 })).toBe('number');
  });

  it.each<[string, (request: { texts: string[]; role: string }) => void]>([
    ['another array of texts', (request) => void (request.texts = ['bb'])],
    ['other texts in the array', (request) => void (request.texts[0] = 'bb')],
    ['another field', (request) => void (request.role = 'query')],
  ])('leave no vector of another text: %s', async (_name, changeIt) => {
    const kit = kitOf();
    const embed = async ({ texts, role }: { texts: string[]; role: string }): Promise<number[][]> =>
      texts.map((text) => [text.length, role.length]);
    const cached = kit.under(
      embeddingsPolicy({ model: 'm', texts: (request: { texts: string[] }) => request.texts }),
      embed,
    );
    const request = { texts: ['a'], role: 'document' };
    const changed = cached(request);
    const waiting = cached({ texts: ['a'], role: 'document' });
    changeIt(request);
    expect(await changed).toEqual(await embed(request));
    expect(await waiting).toEqual([[1, 8]]);
    expect(await cached({ texts: ['a'], role: 'document' })).toEqual([[1, 8]]);
  });

  it('may be changed by the method itself', async () => {
    const kit = kitOf();
    const next = jest.fn(async (state: { turn: number }) => `turn ${state.turn++}`);
    const cached = kit.under(valuePolicy({}), next);
    expect([await cached({ turn: 1 }), await cached({ turn: 1 })]).toEqual(['turn 1', 'turn 1']);
    expect(next).toHaveBeenCalledTimes(1);
  });
});

describe('calls that are aborted', () => {
  interface Callers {
    readonly kit: RecordingCache;
    readonly gate: ReturnType<typeof deferred<string>>;
    readonly method: jest.Mock<(id: string, signal?: AbortSignal) => Promise<unknown>>;
    readonly cached: (id: string, signal?: AbortSignal) => Promise<unknown>;
  }

  /** A method that ends as its signal says, or with what the gate answers. */
  function callers(policy: MethodPolicy = valuePolicy({})): Callers {
    const kit = kitOf();
    const gate = deferred<string>();
    const method = jest.fn(async (_id: string, signal?: AbortSignal): Promise<unknown> => {
      const abort = deferred<never>();
      if (signal?.aborted) abort.reject(signal.reason);
      signal?.addEventListener('abort', () => abort.reject(signal.reason));
      return Promise.race([abort.promise, gate.promise]);
    });
    return { kit, gate, method, cached: kit.under(policy, method) };
  }

  it('end for themselves: who waited for their load runs the method', async () => {
    const { kit, gate, method, cached } = callers();
    const [first, second] = [new AbortController(), new AbortController()];
    const [aborted, ...others] = [cached('a', first.signal), cached('a', second.signal), cached('a')];
    await settle();
    first.abort();
    await expect(aborted).rejects.toBe(first.signal.reason);
    gate.resolve('ok');
    expect(await Promise.all(others)).toEqual(['ok', 'ok']);
    expect(method.mock.calls.map(([, signal]) => signal)).toEqual([first.signal, second.signal, undefined]);
    expect(kit.eventsOf('refused')).toMatchObject([{ reason: 'the call was aborted', isIntended: true }]);
  });

  it('store nothing, whatever the method answers then', async () => {
    const kit = kitOf();
    const method = jest.fn(async (_id: string, signal: AbortSignal) => (signal.aborted ? 'a part' : 'all'));
    const cached = kit.under(valuePolicy({}), async (id: string, signal: AbortSignal) => {
      await settle();
      return method(id, signal);
    });
    const controller = new AbortController();
    const aborted = cached('a', controller.signal);
    const other = cached('a', new AbortController().signal);
    await Promise.resolve();
    controller.abort();
    expect([await aborted, await other]).toEqual(['a part', 'all']);
  });

  it('do not wait for the load of another call any longer', async () => {
    const { gate, method, cached } = callers();
    const controller = new AbortController();
    const leading = cached('a');
    const waiting = cached('a', controller.signal);
    await settle();
    expect(method).toHaveBeenCalledTimes(1);
    controller.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    gate.resolve('ok');
    expect(await leading).toBe('ok');
  });

  it('are counted where they are aborted from the start', async () => {
    const kit = createRecordingCache();
    const cached = kit.under(valuePolicy({}), async (_id: string, _signal: AbortSignal) => 'x');
    expect(await cached('a', AbortSignal.abort())).toBe('x');
    expect(kit.eventsOf('bypass')).toEqual([{ category: 'AppModule.Service.method', reason: 'aborted' }]);
  });

  it('run their method once where they are aborted while the cache is read', async () => {
    const kit = createRecordingCache();
    const method = jest.fn(async (_id: string, _signal: AbortSignal) => 'x');
    const cached = kit.under(valuePolicy({}), method);
    const release = kit.store.hold('read');
    const controller = new AbortController();
    const call = cached('a', controller.signal);
    await settle();
    controller.abort();
    expect(await call).toBe('x');
    release();
    await settle();
    expect(method).toHaveBeenCalledTimes(1);
  });

  it.each([
    ['and what they waited for cannot be shared', 1],
    ['by two signals', 2],
  ])('run it once as well where they are aborted while they wait %s', async (_how, signals) => {
    const kit = createRecordingCache();
    const gate = deferred<unknown>();
    const method = jest.fn(async (_id: string, ...given: AbortSignal[]) =>
      given[0]?.aborted ? 'a part' : gate.promise,
    );
    const cached = kit.under(valuePolicy({}), method);
    const first = cached('a');
    const controllers = Array.from({ length: signals }, () => new AbortController());
    const call = cached('a', ...controllers.map(({ signal }) => signal));
    await settle();
    for (const controller of controllers) controller.abort();
    expect(await call).toBe('a part');
    gate.resolve(() => 'a function');
    await first;
    await settle();
    expect(method).toHaveBeenCalledTimes(2);
  });

  it('go to the method where they are aborted from the start', async () => {
    const { gate, method, cached } = callers();
    gate.resolve('ok');
    await cached('a');
    await expect(cached('a', AbortSignal.abort())).rejects.toThrow('aborted');
    expect(method).toHaveBeenCalledTimes(2);
  });

  it('are known by a signal in a field of an argument, too', async () => {
    const kit = kitOf();
    const policy = valuePolicy({ key: ({ id }: { id: string }) => id });
    const cached = kit.under(policy, async ({ signal }: { id: string; signal: AbortSignal }) => {
      await settle();
      signal.throwIfAborted();
      return 'ok';
    });
    const controller = new AbortController();
    const aborted = cached({ id: 'a', signal: controller.signal });
    const other = cached({ id: 'a', signal: new AbortController().signal });
    controller.abort();
    await expect(aborted).rejects.toBe(controller.signal.reason);
    expect(await other).toBe('ok');
  });

  it('leave the failure of a method that nobody aborted to all who waited, once', async () => {
    const { gate, method, cached } = callers();
    const answers = [cached('a', new AbortController().signal), cached('a', new AbortController().signal)];
    await settle();
    const failure = new DOMException('too slow', 'TimeoutError');
    gate.reject(failure);
    for (const answer of answers) await expect(answer).rejects.toBe(failure);
    expect(method).toHaveBeenCalledTimes(1);
  });
});
