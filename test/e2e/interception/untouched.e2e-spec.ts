import { afterEach, describe, expect, it } from '@jest/globals';
import { Inject, Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { ModuleMocker } from 'jest-mock';
import { AgentCache } from '../../../src/core/cache.js';
import { CacheModule } from '../../../src/nest/cache.module.js';
import { CacheContext } from '../../../src/nest/decorators/cache-context.decorator.js';
import { CacheReadOnlyTool } from '../../../src/nest/decorators/cache-read-only-tool.decorator.js';
import { Cacheable } from '../../../src/nest/decorators/cacheable.decorator.js';
import { boot, bootWithout, closeAll } from './boot.js';

@Injectable()
class Prices {
  runs = 0;

  @Cacheable()
  async of(id: string): Promise<string> {
    this.runs++;
    return `price of ${id}`;
  }

  /** Throws at once where it is not given an id. */
  @Cacheable()
  checked(id: string): Promise<string> {
    if (!id) throw new RangeError('no id');
    return Promise.resolve(id);
  }
}

async function runsOfTwo(prices: Prices): Promise<number> {
  const before = prices.runs;
  expect([await prices.of('a'), await prices.of('a')]).toEqual(['price of a', 'price of a']);
  return prices.runs - before;
}

afterEach(closeAll);

describe('a decorated method runs untouched', () => {
  it('1. on an instance made with new', async () => {
    const prices = new Prices();
    expect(await runsOfTwo(prices)).toBe(2);
    expect(() => prices.checked('')).toThrow(RangeError);
  });

  it('2. in an app without the module', async () => {
    const { app } = await bootWithout({ providers: [Prices] });
    expect(await runsOfTwo(app.get(Prices))).toBe(2);
    expect(() => app.get(Prices).checked('')).toThrow(RangeError);
  });

  it('3. with the cache disabled', async () => {
    const { app, cache } = await boot({ providers: [Prices] }, { enabled: false });
    expect(cache.isOpen).toBe(false);
    expect(await runsOfTwo(app.get(Prices))).toBe(2);
    expect(() => app.get(Prices).checked('')).toThrow(RangeError);
  });

  it('4. before the module is up', async () => {
    const seen: (() => Promise<string>)[] = [];
    @Injectable()
    class Eager {
      runs = 0;
      constructor() {
        void this.of('a');
        seen.push(() => this.of('a'));
      }
      @Cacheable()
      async of(id: string): Promise<string> {
        this.runs++;
        return id;
      }
    }
    const { app } = await boot({ providers: [Eager] });
    await seen[0]?.();
    await seen[0]?.();
    expect(app.get(Eager).runs).toBe(2);
  });

  it('5. after the app was closed', async () => {
    const { app } = await boot({ providers: [Prices] });
    const prices = app.get(Prices);
    expect(await runsOfTwo(prices)).toBe(1);
    await app.close();
    expect(await runsOfTwo(prices)).toBe(2);
    expect(() => prices.checked('')).toThrow(RangeError);
  });

  it('6. after the cache alone was closed', async () => {
    const { app, cache } = await boot({ providers: [Prices] });
    await cache.close();
    expect(await runsOfTwo(app.get(Prices))).toBe(2);
  });

  it('7. when it is called without its instance', async () => {
    class Loose {
      @Cacheable()
      async of(id: string): Promise<string> {
        return `${typeof this} ${id}`;
      }
    }
    const { app } = await boot({ providers: [Loose] });
    const { of } = app.get(Loose);
    expect(await of('a')).toBe('undefined a');
    expect(await of.call(5 as never, 'a')).toBe('number a');
  });

  it.each<[string, () => unknown]>([
    ['a proxy of everything', () => everything()],
    [
      'a proxy of an object',
      () => new Proxy({}, { get: (_target, key) => (key === 'then' ? undefined : () => undefined) }),
    ],
    ['an instance that is none', () => Object.create(null)],
  ])('8. with auto-mocks in the place of the cache: %s', async (_name, mock) => {
    const module = await Test.createTestingModule({ providers: [Prices] })
      .useMocker(mock)
      .compile();
    expect(await runsOfTwo(module.get(Prices))).toBe(2);
  });

  it('8. with auto-mocks in the place of the cache: those of jest', async () => {
    const module = await Test.createTestingModule({ providers: [Prices] })
      .useMocker((token) => autoMock(token))
      .compile();
    expect(await runsOfTwo(module.get(Prices))).toBe(2);
  });

  it('8. with auto-mocks made of the decorated class', async () => {
    const { app } = await boot({ providers: [{ provide: Prices, useValue: autoMock(Prices) }] });
    expect(app.get(Prices).of('a')).toBeUndefined();
  });

  it('9. while options come from a service that has cached methods itself, and is cached from then on', async () => {
    @Injectable()
    class Settings {
      runs = 0;
      @Cacheable()
      async prefix(): Promise<string> {
        this.runs++;
        return 'from-settings';
      }
    }
    @Module({ providers: [Settings], exports: [Settings] })
    class SettingsModule {}
    const { app } = await bootWithout({
      imports: [
        CacheModule.forRootAsync({
          imports: [SettingsModule],
          inject: [Settings],
          useFactory: async (settings: Settings) => ({ prefix: await settings.prefix() }),
        }),
      ],
    });
    const settings = app.get(Settings, { strict: false });
    expect(settings.runs).toBe(1);
    await settings.prefix();
    await settings.prefix();
    expect(settings.runs).toBe(2);
  });

  it('with embeddings alone disabled, for those alone', async () => {
    const { CacheEmbeddings } = await import('../../../src/nest/decorators/cache-embeddings.decorator.js');
    class Embedder {
      runs = 0;
      @CacheEmbeddings({ model: 'm' })
      async embed(text: string): Promise<number[]> {
        this.runs++;
        return [text.length];
      }
    }
    const { app } = await boot({ providers: [Embedder, Prices] }, { embeddings: { enabled: false } });
    const embedder = app.get(Embedder);
    await embedder.embed('a');
    await embedder.embed('a');
    expect(embedder.runs).toBe(2);
    expect(await runsOfTwo(app.get(Prices))).toBe(1);
  });
});

describe('whatever fails around a method, the caller gets what the method answers', () => {
  @Injectable()
  class Builder {
    runs = 0;
    constructor(@Inject(AgentCache) readonly cache: AgentCache) {}
    @CacheContext()
    async build(request: { taskId: string; turn: number }): Promise<{ messages: string[] }> {
      this.runs++;
      if (request.taskId === 'broken') throw new Error('no database');
      return { messages: [request.taskId] };
    }
    @CacheReadOnlyTool({ authorize: () => Promise.reject(new Error('forbidden')) })
    async execute(_call: { tool: string }): Promise<string> {
      return 'never';
    }
  }
  const breaking = (cache: AgentCache, method: 'getOrLoad', replacement: (...args: never[]) => unknown): void => {
    Object.defineProperty(cache, method, { value: replacement, configurable: true });
  };

  it('a cache that throws before the method ran: it runs, once', async () => {
    const { app, cache, warnings } = await boot({ providers: [Builder] });
    breaking(cache, 'getOrLoad', () => {
      throw new TypeError('task-1 is broken');
    });
    expect(await app.get(Builder).build({ taskId: 'task-1', turn: 1 })).toEqual({ messages: ['task-1'] });
    expect(app.get(Builder).runs).toBe(1);
    await app.get(Builder).build({ taskId: 'task-1', turn: 1 });
    expect(warnings.filter((message) => message.includes('Builder.build'))).toHaveLength(1);
    expect(warnings.join()).not.toContain('task-1');
  });

  it('a cache that throws after the method ran: its result is used, and it is not run again', async () => {
    const { app, cache } = await boot({ providers: [Builder] });
    breaking(cache, 'getOrLoad', async (_key: string, load: (context: unknown) => Promise<unknown>) => {
      await load({ skip: () => undefined });
      throw new Error('after the load');
    });
    expect(await app.get(Builder).build({ taskId: 'a', turn: 1 })).toEqual({ messages: ['a'] });
    expect(app.get(Builder).runs).toBe(1);
  });

  it('a cache that hides what the method threw: the caller gets that', async () => {
    const { app, cache } = await boot({ providers: [Builder] });
    breaking(cache, 'getOrLoad', async (_key: string, load: (context: unknown) => Promise<unknown>) => {
      await load({ skip: () => undefined }).catch(() => undefined);
      throw new Error('something else');
    });
    await expect(app.get(Builder).build({ taskId: 'broken', turn: 1 })).rejects.toThrow('no database');
    expect(app.get(Builder).runs).toBe(1);
  });

  it('what the method throws goes to all who waited for it, from one run', async () => {
    const { app } = await boot({ providers: [Builder] });
    const calls = [1, 2, 3].map(() => app.get(Builder).build({ taskId: 'broken', turn: 1 }));
    const outcomes = await Promise.allSettled(calls);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(app.get(Builder).runs).toBe(1);
  });

  it('what a hook of the app throws goes to the caller, and the method does not run', async () => {
    const { app } = await boot({ providers: [Builder] }, { tools: { read: { permissionTier: 'READ_ONLY' } } });
    await expect(app.get(Builder).execute({ tool: 'read' })).rejects.toThrow('forbidden');
  });
});

/** An instance of a mock that jest makes of a class. */
function autoMock(type: unknown): object {
  const mocker = new ModuleMocker(globalThis);
  const Mock: unknown = mocker.generateFromMetadata(mocker.getMetadata(type as object) as never);
  return new (Mock as new () => object)();
}

/** Answers every property with another one of itself. */
function everything(): unknown {
  return new Proxy(() => undefined, {
    get: (_target, key) => (key === 'then' ? undefined : everything()),
    has: () => true,
  });
}
