import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type DynamicModule, Injectable, type LoggerService } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import { Test, type TestingModule } from '@nestjs/testing';
import { CacheConfigurationError } from '../../../src/core/errors.js';
import {
  AgentCache,
  Cacheable,
  cacheConfig,
  CacheClient,
  CacheEmbeddings,
  CacheModule,
  type CacheModuleOptions,
} from '../../../src/index.js';

@Injectable()
class Model {
  embedded = 0;
  answered = 0;

  @CacheEmbeddings({ model: 'test' })
  embed(texts: string[]): Promise<number[][]> {
    this.embedded++;
    return Promise.resolve(texts.map((text) => [text.length, 1]));
  }

  @Cacheable({ namespace: 'answers' })
  answer(question: string): Promise<string> {
    this.answered++;
    return Promise.resolve(`${question}!`);
  }

  async useTwice(): Promise<{ embedded: number; answered: number }> {
    for (let round = 0; round < 2; round++) {
      await this.embed(['text']);
      await this.answer('why');
    }
    return { embedded: this.embedded, answered: this.answered };
  }
}

describe('a cache configured by the environment', () => {
  const before = { ...process.env };
  const warn = jest.fn();
  const logger = { log: jest.fn(), error: jest.fn(), warn } as unknown as LoggerService;
  let module: TestingModule | undefined;

  beforeEach(() => {
    warn.mockClear();
    for (const name of Object.keys(process.env))
      if (/^(CACHE|REDIS)_|^ENABLE_CACHE$/.test(name)) delete process.env[name];
  });

  afterEach(async () => {
    await module?.close();
    module = undefined;
    process.env = { ...before };
  });

  async function boot(environment: Record<string, string>, options: CacheModuleOptions = {}): Promise<TestingModule> {
    Object.assign(process.env, environment);
    const imports = [CacheModule.forRoot(options)];
    module = await Test.createTestingModule({ imports, providers: [Model] })
      .setLogger(logger)
      .compile();
    return module.init();
  }

  it('caches without any variable', async () => {
    const app = await boot({});
    expect(await app.get(Model).useTwice()).toEqual({ embedded: 1, answered: 1 });
    expect(warn).not.toHaveBeenCalled();
  });

  it('is switched off by CACHE_ENABLED', async () => {
    const app = await boot({ CACHE_ENABLED: 'off' });
    expect(app.get(AgentCache).isOpen).toBe(false);
    expect(await app.get(Model).useTwice()).toEqual({ embedded: 2, answered: 2 });
  });

  it('lets code win', async () => {
    const app = await boot({ CACHE_ENABLED: 'off' }, { enabled: true });
    expect(await app.get(Model).useTwice()).toEqual({ embedded: 1, answered: 1 });
  });

  it('takes no Redis where code says memory only, although REDIS_URL is set', async () => {
    const app = await boot({ REDIS_URL: 'redis://127.0.0.1:1' }, { redis: { url: '' } });
    expect(await app.get(CacheClient).healthCheck()).toMatchObject({ mode: 'memory' });
  });

  it('leaves embeddings uncached by the older name, and nothing else, with one warning', async () => {
    const app = await boot({ REDIS_EMBEDDING_CACHE_ENABLED: 'false' });
    expect(await app.get(Model).useTwice()).toEqual({ embedded: 2, answered: 1 });
    expect(warn.mock.calls.map(([message]) => message)).toEqual([
      'REDIS_EMBEDDING_CACHE_ENABLED is deprecated: use the option embeddings: { enabled: … } of CacheModule.forRoot()',
    ]);
  });

  it('stops the boot for wrong variables, and for wrong options in code', async () => {
    await expect(boot({ CACHE_GRACE: 'x', CACHE_MAX_TTL: 'y' })).rejects.toThrow(
      /CACHE_MAX_TTL is 'y'[\s\S]*CACHE_GRACE is 'x'/,
    );
    delete process.env['CACHE_GRACE'];
    delete process.env['CACHE_MAX_TTL'];
    await expect(boot({}, { prefix: 'a:b' })).rejects.toThrow(CacheConfigurationError);
  });

  it('stops the boot with one error for options that do not exist, and for wrong tools and bindings', async () => {
    const options = { prefx: 'a', ttl: { tools: '1m' }, tools: 5, bindings: null };
    await expect(boot({}, options as unknown as CacheModuleOptions)).rejects.toThrow(
      /bindings is null[\s\S]*tools is 5[\s\S]*prefx is no option[\s\S]*ttl\.tools is no option/,
    );
  });

  it('stops the boot for files that cannot be watched as they are given', async () => {
    const bootOn = (files: unknown): Promise<unknown> => boot({}, { files } as CacheModuleOptions);
    await expect(bootOn({ watch: '/workspace', ignore: /node_modules/, folders: [] })).rejects.toThrow(
      /files\.folders is no option[\s\S]*files\.watch is '\/workspace'[\s\S]*files\.ignore is /,
    );
    await expect(bootOn({ watch: [''] })).rejects.toThrow('files.watch');
    await expect(bootOn('/workspace')).rejects.toThrow('files is');
  });

  it.each([undefined, null])(
    'takes a factory that answers %j, and forRoot(%j), for nothing that differs',
    async (code) => {
      process.env['CACHE_PREFIX'] = 'env';
      const useFactory = (): CacheModuleOptions => code as unknown as CacheModuleOptions;
      for (const imported of [CacheModule.forRootAsync({ useFactory }), CacheModule.forRoot(code as never)]) {
        await module?.close();
        module = await Test.createTestingModule({ imports: [imported], providers: [Model] })
          .setLogger(logger)
          .compile();
        expect(await (await module.init()).get(Model).useTwice()).toEqual({ embedded: 1, answered: 1 });
      }
    },
  );

  it.each<[string, () => DynamicModule | Promise<DynamicModule>]>([
    ['loads cacheConfig too', () => ConfigModule.forRoot({ ignoreEnvFile: true, load: [cacheConfig] })],
    ['registers cacheConfig in a feature too', () => ConfigModule.forFeature(cacheConfig)],
  ])('warns once of a variable where the app %s', async (_how, configModule) => {
    Object.assign(process.env, { CACHE_TTL: '60', CACHE_GRASE: '1' });
    module = await Test.createTestingModule({ imports: [configModule(), CacheModule.forRoot()] })
      .setLogger(logger)
      .compile();
    await module.init();
    expect(warn.mock.calls.map(([message]) => message)).toEqual([
      'CACHE_TTL is deprecated: use CACHE_DEFAULT_TTL',
      'CACHE_GRASE is not read by the cache: was CACHE_GRACE meant?',
    ]);
  });

  it('warns that metrics.aggregate has no effect yet', async () => {
    await boot({}, { metrics: { aggregate: true } });
    expect(warn.mock.calls.map(([message]) => message)).toEqual([
      'metrics.aggregate has no effect: this version counts every instance by itself',
    ]);
  });
});
