import { afterEach, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { of, type Observable, firstValueFrom } from 'rxjs';
import { CacheEvict } from '../../../src/nest/decorators/cache-evict.decorator.js';
import { CachePrompt } from '../../../src/nest/decorators/cache-prompt.decorator.js';
import { CacheReadOnlyTool } from '../../../src/nest/decorators/cache-read-only-tool.decorator.js';
import { Cacheable } from '../../../src/nest/decorators/cacheable.decorator.js';
import { NeverCache } from '../../../src/nest/decorators/never-cache.decorator.js';
import { bindCache } from '../../../src/nest/interception/bindings.js';
import { boot, closeAll } from './boot.js';

afterEach(closeAll);

describe('43. @NeverCache()', () => {
  @Injectable()
  class Traces {
    runs = 0;
    @NeverCache()
    @Cacheable()
    async above(): Promise<number> {
      return ++this.runs;
    }
    @Cacheable()
    @NeverCache()
    async below(): Promise<number> {
      return ++this.runs;
    }
    @CachePrompt()
    @NeverCache()
    @Cacheable()
    async between(): Promise<number> {
      return ++this.runs;
    }
    @NeverCache()
    async bound(): Promise<number> {
      return ++this.runs;
    }
    @Cacheable()
    @NeverCache()
    observed(): Observable<number> {
      return of(++this.runs);
    }
    @NeverCache()
    property = async (): Promise<number> => ++this.runs;
    @Cacheable()
    async cached(): Promise<number> {
      return ++this.runs;
    }
  }
  @Injectable()
  class Inheriting extends Traces {}
  @Injectable()
  class Overriding extends Traces {
    @Cacheable()
    override async above(): Promise<number> {
      return ++this.runs;
    }
  }
  const policy = Cacheable.policy();
  const bindings = [
    bindCache(Traces, { bound: policy, property: policy }),
    bindCache(Inheriting, { bound: policy }),
    bindCache('factory', { bound: policy }),
  ];

  it.each(['above', 'below', 'between', 'bound', 'property'] as const)(
    'wins over decorators and bindings, in any order: %s',
    async (method) => {
      const { app, cache } = await boot({ providers: [Traces, Inheriting] }, { bindings });
      const bypassed: string[] = [];
      cache.on('bypass', ({ reason }) => bypassed.push(reason));
      for (const type of [Traces, Inheriting]) {
        const traces = app.get(type);
        expect([await traces[method](), await traces[method]()]).toEqual([1, 2]);
      }
      expect(new Set(bypassed)).toEqual(new Set(['never-cache']));
      // Once for each layer around it.
      expect(bypassed).toHaveLength({ between: 8, bound: 6, above: 4, below: 4, property: 4 }[method]);
    },
  );

  it('holds for what a token provides, and for an Observable', async () => {
    const factory = { provide: 'factory', useFactory: () => new Traces() };
    const { app } = await boot({ providers: [factory, Traces] }, { bindings });
    const made = app.get<Traces>('factory');
    expect([await made.bound(), await made.bound()]).toEqual([1, 2]);
    const traces = app.get(Traces);
    const seen = [await firstValueFrom(traces.observed()), await firstValueFrom(traces.observed())];
    expect(seen).toEqual([1, 2]);
  });

  it('holds for no other method, and not for one that a subclass declares anew', async () => {
    const { app } = await boot({ providers: [Traces, Overriding] }, { bindings });
    expect([await app.get(Traces).cached(), await app.get(Traces).cached()]).toEqual([1, 1]);
    expect([await app.get(Overriding).above(), await app.get(Overriding).above()]).toEqual([1, 1]);
  });

  it('lets a method invalidate all the same', async () => {
    @Injectable()
    class Notes {
      text = 'a';
      @Cacheable({ namespace: 'notes', tags: ['notes'] })
      async read(): Promise<string> {
        return this.text;
      }
      @NeverCache()
      @CacheEvict({ tags: ['notes'] })
      async write(text: string): Promise<void> {
        this.text = text;
      }
      @CacheReadOnlyTool()
      @NeverCache()
      async run(call: { tool: string }): Promise<string> {
        if (call.tool === 'write') this.text = 'by a tool';
        return this.text;
      }
      @CacheReadOnlyTool()
      async look(_call: { tool: string }): Promise<string> {
        return this.text;
      }
    }
    const tools = { look: { permissionTier: 'READ_ONLY' }, write: { permissionTier: 'WRITE' } } as const;
    const { app } = await boot({ providers: [Notes] }, { tools });
    const notes = app.get(Notes);
    expect(await notes.read()).toBe('a');
    await notes.write('b');
    expect(await notes.read()).toBe('b');
    expect(await notes.look({ tool: 'look' })).toBe('b');
    expect(await notes.run({ tool: 'look' })).toBe('b');
    await notes.run({ tool: 'write' });
    expect(await notes.look({ tool: 'look' })).toBe('by a tool');
  });

  it('tells why nothing of a namespace is stored, and counts it', async () => {
    const { app, cache } = await boot({ providers: [Traces] }, { bindings });
    await app.get(Traces).above();
    await app.get(Traces).cached();
    const { reason } = await cache.explain('RootTestModule.Traces.above:#1');
    expect(reason).toContain("Calls of 'RootTestModule.Traces.above' went past the cache: never-cache (1).");
  });

  it('is refused without parentheses, on a class and on a static method', () => {
    const bare = NeverCache as unknown as (...args: unknown[]) => unknown;
    expect(() => bare({}, 'method', {})).toThrow('write @NeverCache()');
    const decorate = NeverCache() as unknown as (...args: unknown[]) => unknown;
    class Prices {}
    expect(() => decorate(Prices)).toThrow('the class Prices');
    expect(() => decorate(Prices, 'of', {})).toThrow('Prices.of');
  });
});
