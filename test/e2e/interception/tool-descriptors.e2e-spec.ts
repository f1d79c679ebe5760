import { afterEach, describe, expect, it } from '@jest/globals';
import { Injectable, Scope, SetMetadata, type Type } from '@nestjs/common';
import type { ToolDescriptor } from '../../../src/agent/descriptors/tool-descriptor.js';
import type { CacheModuleOptions } from '../../../src/index.js';
import { Cacheable } from '../../../src/nest/decorators/cacheable.decorator.js';
import { CacheReadOnlyTool } from '../../../src/nest/decorators/cache-read-only-tool.decorator.js';
import { TOOL_DESCRIPTORS } from '../../../src/nest/tool-descriptors.js';
import { unhandledDuring } from '../../support/unhandled-rejections.js';
import { boot, closeAll } from './boot.js';

/** As `@rekog/mcp-nest` does it; test/e2e/mcp holds the real one against this. */
const Tool = (name: string | undefined, annotations?: object): MethodDecorator =>
  SetMetadata('mcp:tool', { ...(name !== undefined && { name }), ...(annotations && { annotations }) });
const READS = { readOnlyHint: true };

@Injectable()
class Executor {
  @CacheReadOnlyTool()
  async execute({ tool }: { tool: string; params: object }): Promise<{ tool: string }> {
    return { tool };
  }
}

class Reading {
  @Tool('status', READS)
  status(): string {
    return 'reading';
  }
}
class Resetting {
  @Tool('status', { readOnlyHint: false })
  reset(): string {
    return 'writing';
  }
}
class Undescribed {
  @Tool('status')
  status(): string {
    return 'who knows';
  }
}
class Overriding extends Reading {
  override status(): string {
    return 'another one';
  }
}
@Injectable({ scope: Scope.REQUEST })
class PerRequest extends Reading {}
class CachedAbove {
  @Cacheable()
  @Tool('status', READS)
  async status(): Promise<string> {
    return 'reading';
  }
}
class CachedBelow {
  @Tool('status', READS)
  @Cacheable()
  async status(): Promise<string> {
    return 'reading';
  }
}

afterEach(closeAll);

/** What becomes of the second of two calls of the tool `status`. */
async function outcomeWith(
  metadata: { providers?: unknown[]; controllers?: Type[] },
  options: CacheModuleOptions = {},
): Promise<string | undefined> {
  const providers = [Executor, ...(metadata.providers ?? [])] as Type[];
  const { app, cache } = await boot({ ...metadata, providers }, options);
  const call = { tool: 'status', params: {} };
  await app.get(Executor).execute(call);
  return cache.outcomeOf(await app.get(Executor).execute(call))?.status;
}

const providing = (descriptor: unknown): object => ({
  provide: TOOL_DESCRIPTORS,
  useValue: { describe: (tool: string) => (tool === 'status' ? descriptor : undefined) },
});

describe('tool descriptors out of annotations', () => {
  it.each<[string, Type]>([
    ['a provider', Reading],
    ['a provider that is made anew for each request', PerRequest],
    ['a method that is cached above its annotations', CachedAbove],
    ['a method that is cached below its annotations', CachedBelow],
  ])('are found on %s', async (_what, tools) => {
    expect(await outcomeWith({ providers: [tools] })).toBe('hit');
  });

  it('are found on a controller, and on what a factory answers', async () => {
    expect(await outcomeWith({ controllers: [Reading] })).toBe('hit');
    expect(await outcomeWith({ providers: [{ provide: 'tools', useFactory: () => new Reading() }] })).toBe('hit');
  });

  it.each<[string, Type[], string]>([
    ['twice the same class', [Reading, Reading], 'hit'],
    ['one that writes', [Reading, Resetting], 'bypass'],
    ['one that writes, first', [Resetting, Reading], 'bypass'],
    ['one that says nothing', [Reading, Undescribed], 'bypass'],
    ['one that says nothing, first', [Undescribed, Reading], 'bypass'],
    ['an override without annotations, which is no tool', [Overriding], 'bypass'],
  ])('hold for the weakest of one name: %s', async (_what, classes, outcome) => {
    const providers = classes.map((tools, index) => ({ provide: `tools ${index}`, useClass: tools }));
    expect(await outcomeWith({ providers })).toBe(outcome);
  });

  it('do not mind providers that cannot be looked at', async () => {
    const refuse = (): never => {
      throw new Error('nobody may look');
    };
    const locked = new Proxy(new Resetting(), { getPrototypeOf: refuse, ownKeys: refuse });
    expect(await outcomeWith({ providers: [{ provide: 'locked', useFactory: () => locked }, Reading] })).toBe('hit');
  });

  it('come last: after the options, then the providers, and each describes a tool alone', async () => {
    const writes: ToolDescriptor = { permissionTier: 'WRITE' };
    const reads: ToolDescriptor = { permissionTier: 'READ_ONLY' };
    expect(await outcomeWith({ providers: [Reading, providing(writes)] })).toBe('bypass');
    expect(await outcomeWith({ providers: [Resetting, providing(reads)] })).toBe('hit');
    expect(await outcomeWith({ providers: [Reading, providing(undefined)] })).toBe('hit');
    const tools = { status: reads };
    expect(await outcomeWith({ providers: [Resetting, providing(writes)] }, { tools })).toBe('hit');
    expect(await outcomeWith({ providers: [providing({ ...reads, volatile: true })] }, { tools })).toBe('hit');
  });
});

describe('a tool that is described by a Promise', () => {
  it.each<[string, (promise: () => unknown) => [object, CacheModuleOptions]]>([
    ['of the options', (promise) => [{}, { tools: promise as () => undefined }]],
    [
      'of a provider',
      (promise) => [{ providers: [{ provide: TOOL_DESCRIPTORS, useValue: { describe: promise } }] }, {}],
    ],
  ])('%s is taken for one that changes everything, and fails nowhere', async (_of, given) => {
    const unhandled = await unhandledDuring(async () => {
      const rejecting = given(async () => Promise.reject(new Error('registry')));
      expect(await outcomeWith(...rejecting)).toBe('bypass');
    });
    expect(unhandled).toEqual([]);
    expect(await outcomeWith(...given(async () => ({ permissionTier: 'READ_ONLY' })))).toBe('bypass');
  });
});
