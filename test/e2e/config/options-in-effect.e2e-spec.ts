import { afterEach, describe, expect, it } from '@jest/globals';
import { Inject, Injectable, Module } from '@nestjs/common';
import type { AgentCache } from '../../../src/core/cache.js';
import {
  AgentCache as InjectedCache,
  Cacheable,
  CacheClient,
  CacheContext,
  CacheEmbeddings,
  CacheModule,
  type CacheModuleOptions,
  CachePrompt,
  CacheReadOnlyTool,
  CacheScope,
} from '../../../src/index.js';
import { boot, bootWithout, closeAll } from '../interception/boot.js';

const HOUR_MS = 3_600_000;
/** Of two hashes, behind the prefix. */
const HIDDEN_NAME_LENGTH = 45;

@Injectable()
class Backend {
  runs = 0;
  isAway = false;

  @CacheContext()
  context(_request: { taskId: string; turn: number }): Promise<{ messages: string[] }> {
    return Promise.resolve({ messages: ['hello'] });
  }

  @CacheReadOnlyTool()
  tool(_call: { tool: string }): Promise<{ text: string }> {
    return Promise.resolve({ text: 'read' });
  }

  @CacheEmbeddings({ model: 'test' })
  embedding(texts: string[]): Promise<number[][]> {
    return Promise.resolve(texts.map((text) => [text.length]));
  }

  @CachePrompt()
  prompt(text: string): Promise<string> {
    return Promise.resolve(`Say ${text}`);
  }

  @Cacheable({ namespace: 'value' })
  value(size: number): Promise<string> {
    this.runs++;
    if (this.isAway) return Promise.reject(new Error('away'));
    return Promise.resolve('a'.repeat(size));
  }
}

/** The bytes of what is stored without its name, by call of `value`. */
async function bytesOf(options: CacheModuleOptions, ...sizes: number[]): Promise<number[]> {
  const { app, cache } = await boot({ providers: [Backend] }, options);
  const bytes: number[] = [];
  const named = options.encryption ? HIDDEN_NAME_LENGTH : 0;
  cache.on('set', (event) => bytes.push(event.bytes - (named || event.key.length)));
  for (const size of sizes) await app.get(Backend).value(size);
  return bytes;
}

async function timesToLive(cache: AgentCache, backend: Backend): Promise<Record<string, number>> {
  const hours: Record<string, number> = {};
  cache.on('hit', ({ category, ttlLeftMs = NaN }) => (hours[category] = Math.ceil(ttlLeftMs / HOUR_MS)));
  for (let round = 0; round < 2; round++) {
    await backend.context({ taskId: 't', turn: 1 });
    await backend.tool({ tool: 'read' });
    await backend.embedding(['text']);
    await backend.prompt('hello');
    await backend.value(1);
  }
  return hours;
}

afterEach(closeAll);

describe('options that an app sets', () => {
  const tools = { read: { permissionTier: 'READ_ONLY' } };

  it('ttl: every kind has its own time to live', async () => {
    const ttl = { default: '2h', context: '3h', tool: '4h', embedding: '5h', prompt: '6h' } as const;
    const { app, cache } = await boot({ providers: [Backend] }, { ttl, tools });
    expect(await timesToLive(cache, app.get(Backend))).toEqual({ value: 2, context: 3, tool: 4, embed: 5, prompt: 6 });
  });

  it('ttl.max: longer ones are cut to it', async () => {
    const { app, cache } = await boot({ providers: [Backend] }, { ttl: { max: '1h' }, tools });
    const hours = await timesToLive(cache, app.get(Backend));
    expect(Object.values(hours)).toEqual([1, 1, 1, 1, 1]);
  });

  it.each<[string, CacheModuleOptions]>([
    ['serves', { grace: '1h' }],
    ['does not serve', {}],
  ])('grace: %s what is past its time to live when loading fails, with %j', async (does, options) => {
    const { app } = await boot({ providers: [Backend] }, { ...options, ttl: { default: '1ms' } });
    const backend = app.get(Backend);
    await backend.value(1);
    backend.isAway = true;
    let answer: string | undefined;
    // The method runs again once the entry is past its time to live.
    while (backend.runs < 2) answer = await backend.value(1).catch((error: Error) => error.message);
    expect(answer).toBe(does === 'serves' ? 'a' : 'away');
  });

  it('compress.minBytes: values of at least so many bytes are compressed', async () => {
    const [short, long] = (await bytesOf({ compress: { minBytes: 1_000 } }, 900, 5_000)) as [number, number];
    expect(short).toBeGreaterThan(900);
    expect(long).toBeLessThan(500);
    expect((await bytesOf({}, 5_000))[0]).toBeGreaterThan(5_000);
  });

  it('encryption.keys: what is stored is sealed', async () => {
    const keys = [`a:${Buffer.alloc(32, 1).toString('base64')}`];
    const [[sealed], [plain]] = [await bytesOf({ encryption: { keys } }, 100), await bytesOf({}, 100)];
    // A nonce of 12 bytes and a tag of 16.
    expect(Number(sealed) - Number(plain)).toBeGreaterThanOrEqual(28);
  });

  it('memory.maxBytes: bounds what is kept, down to nothing', async () => {
    const { app } = await boot({}, { memory: { maxBytes: 2_000 } });
    const client = app.get(CacheClient);
    for (const key of ['a', 'b', 'c']) await client.set(key, key.repeat(900));
    expect((await client.getMany(['a', 'b', 'c'])).map((value) => value !== null)).toEqual([false, false, true]);
    const none = (await boot({}, { memory: { maxBytes: 0 } })).app.get(CacheClient);
    await none.set('a', 'a');
    expect(await none.get('a')).toBeNull();
  });

  it('memory.maxEntries: bounds their number', async () => {
    const { app } = await boot({}, { memory: { maxEntries: 1 } });
    const client = app.get(CacheClient);
    for (const key of ['a', 'b']) await client.set(key, key);
    expect(await client.getMany(['a', 'b'])).toEqual([null, 'b']);
  });

  it('scope.resolve: who asks shares with nobody else, and an unknown one bypasses the cache', async () => {
    let tenant: string | undefined = 'one';
    const resolve = (): { tenant: string } | undefined => (tenant === undefined ? undefined : { tenant });
    const { app } = await boot({ providers: [Backend] }, { scope: { resolve } });
    const backend = app.get(Backend);
    const runsFor = async (id: string | undefined): Promise<number> => {
      tenant = id;
      const before = backend.runs;
      for (let round = 0; round < 2; round++) await backend.value(1);
      return backend.runs - before;
    };
    expect([await runsFor('one'), await runsFor('two'), await runsFor('one'), await runsFor(undefined)]).toEqual([
      1, 1, 0, 2,
    ]);
    expect(app.get(CacheScope).mustKnow).toBe(true);
  });

  describe('isGlobal', () => {
    @Injectable()
    class FarAway {
      constructor(@Inject(InjectedCache) readonly cache: AgentCache) {}
    }
    @Module({ providers: [FarAway] })
    class FarAwayModule {}

    it.each<[string, CacheModuleOptions]>([
      ['by default', {}],
      ['with true', { isGlobal: true }],
    ])('%s, every module may inject the services', async (_, options) => {
      for (const imported of [
        CacheModule.forRoot(options),
        CacheModule.forRootAsync({ ...options, useFactory: () => ({}) }),
      ]) {
        const { app } = await bootWithout({ imports: [imported, FarAwayModule] });
        expect(app.get(FarAway, { strict: false }).cache.isOpen).toBe(true);
      }
    });

    it('with false, those that import it may', async () => {
      const imported = CacheModule.forRoot({ isGlobal: false });
      await expect(bootWithout({ imports: [imported, FarAwayModule] })).rejects.toThrow("can't resolve dependencies");
      const { app } = await bootWithout({ imports: [imported], providers: [FarAway] });
      expect(app.get(FarAway).cache.isOpen).toBe(true);
    });
  });
});
