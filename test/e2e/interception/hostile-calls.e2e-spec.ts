import { afterEach, describe, expect, it } from '@jest/globals';
import { ForbiddenException, Injectable } from '@nestjs/common';
import { defer, lastValueFrom, type Observable, of, throwError } from 'rxjs';
import { CacheScope } from '../../../src/composition/cache-scope.js';
import { CacheContext } from '../../../src/nest/decorators/cache-context.decorator.js';
import { CacheEmbeddings } from '../../../src/nest/decorators/cache-embeddings.decorator.js';
import { CacheEvict } from '../../../src/nest/decorators/cache-evict.decorator.js';
import { CachePrompt } from '../../../src/nest/decorators/cache-prompt.decorator.js';
import { CacheReadOnlyTool } from '../../../src/nest/decorators/cache-read-only-tool.decorator.js';
import { Cacheable } from '../../../src/nest/decorators/cacheable.decorator.js';
import { unhandledDuring } from '../../support/unhandled-rejections.js';
import { boot, closeAll } from './boot.js';

afterEach(closeAll);

const TOOLS = { tools: { me: { permissionTier: 'READ_ONLY' }, save: { permissionTier: 'WRITE' } } } as const;
const signal = (): AbortSignal => new AbortController().signal;

describe('a resolver that does not say who asks', () => {
  @Injectable()
  class Files {
    tenant = '';
    @Cacheable({ scope: 'workspace' })
    async ofWorkspace(): Promise<string> {
      return `files of ${this.tenant}`;
    }
    @Cacheable()
    async ofAnybody(): Promise<string> {
      return `files of ${this.tenant}`;
    }
  }

  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('no request');
      },
    ],
    ['is asynchronous', () => Promise.resolve({ tenant: 'a' })],
    ['answers a text', () => 'a'],
  ])('shows no tenant the files of another, where it %s, though run() names the workspace', async (_how, resolve) => {
    const { app } = await boot({ providers: [Files] }, { scope: { resolve: resolve as never } });
    const files = app.get(Files);
    const scope = app.get(CacheScope, { strict: false });
    for (const tenant of ['a', 'b']) {
      files.tenant = tenant;
      const seen = await scope.run({ workspace: 'main' }, () => Promise.all([files.ofWorkspace(), files.ofAnybody()]));
      expect(seen).toEqual([`files of ${tenant}`, `files of ${tenant}`]);
    }
  });

  it('leaves no rejection that nobody handles', async () => {
    const resolve = (): never => Promise.reject(new Error('no request')) as never;
    const { app } = await boot({ providers: [Files] }, { scope: { resolve } });
    expect(await unhandledDuring(() => app.get(Files).ofAnybody())).toEqual([]);
  });
});

describe('a tool call', () => {
  const USER = Symbol('user');
  interface Call {
    readonly tool: string;
    readonly params: object;
    readonly user?: string;
    readonly id?: string | number;
    readonly [USER]?: string;
  }
  const lazy = (): Call => ({
    tool: 'save',
    params: {},
    get user(): never {
      throw new Error('read too early');
    },
  });

  @Injectable()
  class Executor {
    runs = 0;
    @CacheReadOnlyTool()
    async execute(call: Call): Promise<object> {
      return { run: ++this.runs, for: call[USER] };
    }
    @CacheReadOnlyTool()
    observed(_call: Call): Observable<number> {
      return of(++this.runs);
    }
    @CacheReadOnlyTool()
    async withOptions(_call: Call, _options: { signal: AbortSignal }): Promise<number> {
      return ++this.runs;
    }
    @CacheReadOnlyTool({
      vary: (_call: Call) => 'everybody',
      authorize: (call: Call) =>
        defer(() => (call.user === 'root' ? of(true) : throwError(() => new ForbiddenException()))),
    })
    async guarded(call: Call): Promise<string> {
      if (call.user !== 'root') throw new ForbiddenException();
      return 'for root alone';
    }
    @CacheReadOnlyTool({ vary: (_call: Call) => 'everybody', authorize: (call: Call) => of(call.user === 'root') })
    async asked(call: Call): Promise<string> {
      if (call.user !== 'root') throw new ForbiddenException();
      return 'for root alone';
    }
    @CacheReadOnlyTool()
    async byName(call: Call): Promise<object> {
      return { [String(call.id)]: 'text' };
    }
    @CacheReadOnlyTool()
    async inMap(call: Call): Promise<object> {
      return new Map([['call', call.id]]);
    }
    @CacheReadOnlyTool()
    async inSet(call: Call): Promise<object> {
      return new Set([call.id]);
    }
    @CacheReadOnlyTool()
    async asText(call: Call): Promise<object> {
      return { tool_call_id: String(call.id) };
    }
  }
  const executor = async (): Promise<Executor> => (await boot({ providers: [Executor] }, TOOLS)).app.get(Executor);

  it("with a field whose name is a symbol is nobody else's", async () => {
    const service = await executor();
    expect(await service.execute({ tool: 'me', params: {}, [USER]: 'alice' })).toMatchObject({ for: 'alice' });
    expect(await service.execute({ tool: 'me', params: {}, [USER]: 'bob' })).toMatchObject({ for: 'bob' });
  });

  it('that writes makes what was read unusable, though an argument cannot be read', async () => {
    const service = await executor();
    const before = await service.execute({ tool: 'me', params: {} });
    expect(await service.execute({ tool: 'me', params: {} })).toEqual(before);
    await service.execute(lazy());
    expect(await service.execute({ tool: 'me', params: {} })).not.toEqual(before);
  });

  it('runs an Observable method, though an argument cannot be read', async () => {
    expect(await lastValueFrom((await executor()).observed(lazy()))).toBe(1);
  });

  it('is the same with another signal in a field of a further argument', async () => {
    const service = await executor();
    const call = { tool: 'me', params: {} };
    expect(await service.withOptions(call, { signal: signal() })).toBe(1);
    expect(await service.withOptions(call, { signal: signal() })).toBe(1);
  });

  it.each(['guarded', 'asked'] as const)('is not permitted by an Observable: %s', async (method) => {
    const service = await executor();
    await service[method]({ tool: 'me', params: {}, user: 'root' });
    await expect(service[method]({ tool: 'me', params: {}, user: 'eve' })).rejects.toThrow(ForbiddenException);
  });

  it.each(['byName', 'inMap', 'inSet', 'asText'] as const)(
    'is not answered with the id of another: %s',
    async (method) => {
      const service = await executor();
      for (const id of [1001, 1002]) {
        const call = { tool: 'me', params: {}, id };
        expect(await service[method](call)).toEqual(await new Executor()[method](call));
      }
    },
  );
});

describe('a context', () => {
  interface State {
    readonly taskId: string;
    readonly turn: number;
    readonly user: { readonly name: string };
  }
  @Injectable()
  class Builder {
    @CacheContext()
    async copied({ user }: State): Promise<object> {
      return { messages: ['m'], profile: { ...user } };
    }
    @CacheContext()
    async nested({ user }: State): Promise<object> {
      return { messages: ['m'], meta: { profile: { ...user } } };
    }
    @CacheContext()
    async listed({ user }: State): Promise<object> {
      return { messages: ['m'], people: [{ ...user }] };
    }
    @CacheContext()
    async inMap({ user }: State): Promise<object> {
      return { messages: ['m'], by: new Map([['user', user]]) };
    }
    @CacheContext()
    async inSet({ user }: State): Promise<object> {
      return { messages: ['m'], people: new Set([user]) };
    }
  }

  it.each(['copied', 'nested', 'listed', 'inMap', 'inSet'] as const)(
    'does not replay an object of another request: %s',
    async (method) => {
      const { app } = await boot({ providers: [Builder] });
      for (const name of ['alice', 'bob']) {
        const state = { taskId: 't', turn: 1, user: { name } };
        expect(await app.get(Builder)[method](state)).toEqual(await new Builder()[method](state));
      }
    },
  );

  it('does not replay a text of another request as the name of a field', async () => {
    @Injectable()
    class ByName {
      @CacheContext()
      async build({ who }: { taskId: string; turn: number; who: string }): Promise<object> {
        return { messages: ['m'], [who]: 1 };
      }
    }
    const { app } = await boot({ providers: [ByName] });
    for (const who of ['alice', 'bob']) {
      expect(await app.get(ByName).build({ taskId: 't', turn: 1, who })).toEqual({ messages: ['m'], [who]: 1 });
    }
  });
});

describe('a value', () => {
  @Injectable()
  class Values {
    runs = 0;
    @Cacheable()
    async find(_query: { id: number; signal: AbortSignal }): Promise<number> {
      return ++this.runs;
    }
    @CachePrompt()
    async prompt(_query: { id: number; signal: AbortSignal }): Promise<number> {
      return ++this.runs;
    }
    @Cacheable({ vary: () => Promise.reject(new Error('vary')) })
    async varied(): Promise<number> {
      return ++this.runs;
    }
    @Cacheable({
      key: (id: string) => {
        throw Object.assign(new Error('no key'), { name: `hunter2 ${id}\nnext line` });
      },
    })
    async unnamed(id: string): Promise<string> {
      return id;
    }
  }

  it.each(['find', 'prompt'] as const)(
    'is the same with another signal in a field of an argument: %s',
    async (method) => {
      const { app } = await boot({ providers: [Values] });
      const values = app.get(Values);
      expect(await values[method]({ id: 1, signal: signal() })).toBe(1);
      expect(await values[method]({ id: 1, signal: signal() })).toBe(1);
    },
  );

  it('leaves no rejection of a hook that nobody handles', async () => {
    const { app } = await boot({ providers: [Values] });
    expect(await unhandledDuring(() => app.get(Values).varied())).toEqual([]);
  });

  it('puts no name of an error into the log that may be data', async () => {
    const { app, warnings } = await boot({ providers: [Values] });
    expect(await app.get(Values).unnamed('an id')).toBe('an id');
    expect(warnings).toHaveLength(1);
    expect(warnings.join()).not.toMatch(/hunter2|an id|next line/);
  });
});

describe('an eviction', () => {
  @Injectable()
  class Users {
    private name = 'old';
    @Cacheable({ namespace: 'users', key: (id: number) => id })
    async find(_id: number): Promise<string> {
      return this.name;
    }
    @CacheEvict({
      namespace: 'users',
      key: (id: number, _name: string) => id,
      tags: (_id: number, name: string) => [name],
      before: true,
    })
    async saveAround(_id: number, name: string): Promise<void> {
      this.name = name;
    }
    @CacheEvict({
      namespace: 'users',
      key: (id: number, _name: string) => id,
      tags: (_id: number, name: string) => [name],
    })
    async saveBefore(_id: number, name: string): Promise<void> {
      this.name = name;
    }
  }

  it.each(['saveAround', 'saveBefore'] as const)('reaches the others where one target is no text: %s', async (save) => {
    const { app } = await boot({ providers: [Users] });
    const users = app.get(Users);
    expect(await users.find(1)).toBe('old');
    await users[save](1, 'new \ud800');
    expect(await users.find(1)).toBe('new \ud800');
  });
});

describe('a method that uses up the array it is given', () => {
  it('embeds each text once, and its vectors are stored', async () => {
    @Injectable()
    class Embedder {
      readonly asked: string[][] = [];
      @CacheEmbeddings({ model: 'm' })
      async embed(texts: string[]): Promise<number[][]> {
        this.asked.push([...texts]);
        const vectors: number[][] = [];
        while (texts.length > 0) vectors.push(...texts.splice(0, 2).map((text) => [text.length, 1]));
        return vectors;
      }
    }
    const { app } = await boot({ providers: [Embedder] });
    const embedder = app.get(Embedder);
    await embedder.embed(['a']);
    for (let call = 0; call < 2; call++)
      expect(await embedder.embed(['a', 'bb', 'ccc'])).toEqual([[1, 1], [2, 1], [3, 1]]); // prettier-ignore
    expect(embedder.asked).toEqual([['a'], ['bb', 'ccc']]);
  });

  it('loads all that is missing through the cache itself, too', async () => {
    const { cache } = await boot({});
    const drain = async (missing: string[]): Promise<string[]> => missing.splice(0).map((key) => key.toUpperCase());
    expect(await cache.getOrLoadMany(['t:a', 't:b'], drain)).toEqual(['T:A', 'T:B']);
  });
});
