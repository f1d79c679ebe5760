import { afterEach, describe, expect, it } from '@jest/globals';
import { Injectable, Module, Scope } from '@nestjs/common';
import { CacheControl } from '../../../src/composition/cache-control.js';
import { AgentCache } from '../../../src/core/cache.js';
import { CacheMissError } from '../../../src/core/errors.js';
import type { CacheControlValues } from '../../../src/core/ports/cache-control.js';
import type { ToolDescriptor } from '../../../src/agent/descriptors/tool-descriptor.js';
import { CacheContext } from '../../../src/nest/decorators/cache-context.decorator.js';
import { CacheEmbeddings } from '../../../src/nest/decorators/cache-embeddings.decorator.js';
import { CacheEvict } from '../../../src/nest/decorators/cache-evict.decorator.js';
import { CachePrompt } from '../../../src/nest/decorators/cache-prompt.decorator.js';
import { CacheReadOnlyTool } from '../../../src/nest/decorators/cache-read-only-tool.decorator.js';
import { Cacheable } from '../../../src/nest/decorators/cacheable.decorator.js';
import { InvalidatesContext } from '../../../src/nest/decorators/invalidates-context.decorator.js';
import { TOOL_DESCRIPTORS } from '../../../src/nest/tool-descriptors.js';
import { boot, closeAll } from './boot.js';

interface TaskRequest {
  readonly taskId: string;
  readonly turn: number;
  readonly user?: string;
}
interface ToolRequest {
  readonly tool: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly user?: string;
}

@Injectable()
class Backend {
  readonly runs: string[] = [];
  readonly banned = new Set<string>();
  private readonly messages: string[] = [];
  private readonly files = new Map([['a.ts', 'one']]);

  @CacheContext()
  async build(request: TaskRequest): Promise<TaskRequest & { messages: string[] }> {
    this.runs.push('build');
    return { ...request, messages: ['system', ...this.messages] };
  }

  @InvalidatesContext()
  async append({ text }: { taskId: string; text: string }): Promise<number> {
    return this.messages.push(text);
  }

  @CacheReadOnlyTool({
    authorize(this: Backend, { user = '' }: ToolRequest) {
      this.check(user);
    },
  })
  async execute({ tool, params = {}, user = '' }: ToolRequest): Promise<unknown> {
    this.runs.push(tool);
    this.check(user);
    if (tool === 'write_file') return { ok: this.files.set(String(params.path), String(params.text)).size > 0 };
    return { content: this.files.get(String(params.path)) };
  }

  @CacheEmbeddings({ model: 'local-3' })
  async embed(texts: readonly string[]): Promise<number[][]> {
    this.runs.push(...texts);
    return texts.map((text) => [text.length, 1, 2]);
  }

  @CachePrompt({ template: 'v1' })
  async assemble(context: { messages: string[] }): Promise<string> {
    this.runs.push('assemble');
    return context.messages.join();
  }

  @Cacheable({ namespace: 'users', key: (id: number) => id, annotate: 'cache_hit' })
  async user(id: number): Promise<{ id: number; cache_hit?: boolean }> {
    this.runs.push('user');
    return { id };
  }

  @CacheEvict({ namespace: 'users', key: ({ id }: { id: number }) => id })
  async rename(_user: { id: number; name: string }): Promise<void> {
    this.runs.push('rename');
  }

  private check(user: string): void {
    if (this.banned.has(user)) throw new Error(`${user} may not`);
  }
}

const TOOLS: Record<string, ToolDescriptor> = {
  read_file: { permissionTier: 'READ_ONLY' },
  write_file: { permissionTier: 'WRITE' },
};

afterEach(closeAll);

describe('an agent backend under the decorators', () => {
  const start = async (): Promise<{ backend: Backend; cache: AgentCache }> => {
    const { app, cache } = await boot({ providers: [Backend] }, { tools: TOOLS });
    return { backend: app.get(Backend), cache };
  };

  it('builds a context once per turn, for each request with its own fields, until a message is appended', async () => {
    const { backend, cache } = await start();
    await backend.build({ taskId: 't', turn: 1, user: 'alice' });
    const hit = await backend.build({ taskId: 't', turn: 1, user: 'bob' });
    expect(hit).toEqual({ taskId: 't', turn: 1, user: 'bob', messages: ['system'] });
    expect(cache.outcomeOf(hit)).toMatchObject({ status: 'hit', key: 'context:t:1:RootTestModule.Backend.build' });
    await backend.append({ taskId: 't', text: 'hello' });
    expect((await backend.build({ taskId: 't', turn: 1 })).messages).toEqual(['system', 'hello']);
    expect(backend.runs).toEqual(['build', 'build']);
  });

  it('reads a file once, until any tool writes', async () => {
    const { backend } = await start();
    const read = { tool: 'read_file', params: { path: 'a.ts' } };
    expect([await backend.execute(read), await backend.execute(read)]).toEqual([
      { content: 'one' },
      { content: 'one' },
    ]);
    await backend.execute({ tool: 'write_file', params: { path: 'a.ts', text: 'two' } });
    expect(await backend.execute(read)).toEqual({ content: 'two' });
    expect(backend.runs).toEqual(['read_file', 'write_file', 'read_file']);
  });

  it('refuses on a hit what it would have refused on a miss', async () => {
    const { backend } = await start();
    const read = { tool: 'read_file', params: { path: 'a.ts' }, user: 'mallory' };
    await backend.execute(read);
    backend.banned.add('mallory');
    await expect(backend.execute(read)).rejects.toThrow('mallory may not');
  });

  it('embeds each text once', async () => {
    const { backend } = await start();
    await backend.embed(['a', 'bb']);
    expect(await backend.embed(['bb', 'ccc', 'a'])).toEqual([
      [2, 1, 2],
      [3, 1, 2],
      [1, 1, 2],
    ]);
    expect(backend.runs).toEqual(['a', 'bb', 'ccc']);
  });

  it('assembles a prompt once', async () => {
    const { backend } = await start();
    for (let round = 0; round < 2; round++) expect(await backend.assemble({ messages: ['a', 'b'] })).toBe('a,b');
    expect(backend.runs).toEqual(['assemble']);
  });

  it('caches by namespace and key, and evicts by the same', async () => {
    const { backend } = await start();
    expect([await backend.user(1), await backend.user(1)]).toEqual([
      { id: 1, cache_hit: false },
      { id: 1, cache_hit: true },
    ]);
    await backend.user(2);
    await backend.rename({ id: 1, name: 'x' });
    expect([await backend.user(1), await backend.user(2)]).toMatchObject([{ cache_hit: false }, { cache_hit: true }]);
  });

  it.each<[string, (backend: Backend) => Promise<unknown>]>([
    ['a context', (backend) => backend.build({ taskId: 't', turn: 1 })],
    ['a tool', (backend) => backend.execute({ tool: 'read_file', params: { path: 'a.ts' } })],
    ['a vector', (backend) => backend.embed(['hello'])],
    ['a prompt', (backend) => backend.assemble({ messages: ['hi'] })],
    ['a value', (backend) => backend.user(1)],
  ])('does as CacheControl.run() says around a call for %s', async (_what, call) => {
    const { backend } = await start();
    const runsUnder = async (control: CacheControlValues): Promise<number> => {
      const before = backend.runs.length;
      await CacheControl.run(control, () => call(backend));
      return backend.runs.length - before;
    };
    await expect(runsUnder({ onlyIfCached: true })).rejects.toThrow(CacheMissError);
    expect(await runsUnder({ bypass: true })).toBe(1);
    expect(await runsUnder({ noStore: true })).toBe(1);
    expect(await runsUnder({})).toBe(1);
    expect(await runsUnder({ onlyIfCached: true })).toBe(0);
    expect(await runsUnder({ refresh: true })).toBe(1);
    expect(await runsUnder({ maxAge: '1h' })).toBe(0);
    expect(backend.runs).toHaveLength(4);
  });

  it('uses the time to live of each kind', async () => {
    const { app, cache } = await boot({ providers: [Backend] }, { ttl: { prompt: '1ms' }, tools: TOOLS });
    const prompt = await app.get(Backend).assemble({ messages: ['a'] });
    expect(prompt).toBe('a');
    const { ttlLeftMs } = await cache.explain('context:t:1:RootTestModule.Backend.build');
    expect(ttlLeftMs).toBeNull();
    await app.get(Backend).build({ taskId: 't', turn: 1 });
    const explained = await cache.explain('context:t:1:RootTestModule.Backend.build', {
      namespace: 'context',
      context: 't',
    });
    expect(explained.status).toBe('hit');
    expect(explained.ttlLeftMs).toBeGreaterThan(3_590_000);
    expect(explained.ttlLeftMs).toBeLessThanOrEqual(3_600_000);
  });
});

describe('tool descriptors', () => {
  const describing = (
    tools: Record<string, ToolDescriptor>,
  ): { describe: (tool: string) => ToolDescriptor | undefined } => ({
    describe: (tool) => (Object.hasOwn(tools, tool) ? tools[tool] : undefined),
  });
  @Module({ providers: [{ provide: TOOL_DESCRIPTORS, useFactory: () => describing(TOOLS) }] })
  class FarAwayModule {}
  const read = { tool: 'read_file', params: { path: 'a.ts' } };

  const runsWith = async (metadata: object, options: object): Promise<number> => {
    const { app } = await boot({ providers: [Backend], ...metadata }, options);
    await app.get(Backend).execute(read);
    await app.get(Backend).execute(read);
    return app.get(Backend).runs.length;
  };

  it('come from the options: by name, or from a function', async () => {
    expect(await runsWith({}, { tools: TOOLS })).toBe(1);
    expect(await runsWith({}, { tools: (tool: string) => TOOLS[tool] })).toBe(1);
  });

  it('come from a provider in any module', async () => {
    expect(await runsWith({ imports: [FarAwayModule] }, {})).toBe(1);
  });

  it('do not come from a provider that is made anew for each request: there is none when a tool is called', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class PerRequest {
      describe(): ToolDescriptor {
        return { permissionTier: 'READ_ONLY' };
      }
    }
    const providers = [Backend, { provide: TOOL_DESCRIPTORS, useClass: PerRequest }];
    expect(await runsWith({ providers }, {})).toBe(2);
  });

  it('come from the options first', async () => {
    expect(await runsWith({ imports: [FarAwayModule] }, { tools: { read_file: { permissionTier: 'WRITE' } } })).toBe(2);
    expect(await runsWith({ imports: [FarAwayModule] }, { tools: { other: { permissionTier: 'WRITE' } } })).toBe(1);
  });

  it('are unknown where nobody knows them, also for names that objects inherit', async () => {
    expect(await runsWith({}, {})).toBe(2);
    const { app, cache } = await boot({ providers: [Backend] }, { tools: TOOLS });
    const reasons: string[] = [];
    cache.on('bypass', ({ reason }) => reasons.push(reason));
    await app.get(Backend).execute({ tool: 'constructor' });
    expect(reasons).toEqual(['not-read-only']);
  });
});
