import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ConsoleLogger, type DynamicModule, Module } from '@nestjs/common';
import { ConfigModule, ConfigService, type ConfigModuleOptions, registerAs } from '@nestjs/config';
import { Test, type TestingModule } from '@nestjs/testing';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AgentCache, CacheModule } from '../../../src/index.js';
import { RESOLVED_OPTIONS } from '../../../src/nest/cache.providers.js';
import type { ResolvedOptions } from '../../../src/core/policy/options.js';

type Imports = (DynamicModule | Promise<DynamicModule>)[];

describe("a .env file that the app's own ConfigModule reads", () => {
  const before = { ...process.env };
  let folder = '';
  let module: TestingModule | undefined;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'env-'));
    await writeFile(join(folder, '.env'), 'BASE=shop\nCACHE_PREFIX=${BASE}-file\nCACHE_TTL_TOOL=7m\nREDIS_URL=\n');
  });
  afterAll(() => rm(folder, { recursive: true }));

  beforeEach(() => {
    for (const name of Object.keys(process.env)) if (/^(CACHE_|REDIS_|BASE$)/.test(name)) delete process.env[name];
  });
  afterEach(async () => {
    await module?.close();
    module = undefined;
    process.env = { ...before };
  });

  const config = (options: ConfigModuleOptions = {}): Promise<DynamicModule> =>
    ConfigModule.forRoot({ envFilePath: join(folder, '.env'), expandVariables: true, ...options });

  async function boot(imports: Imports): Promise<ResolvedOptions> {
    module = await Test.createTestingModule({ imports })
      .setLogger(new ConsoleLogger({ logLevels: [] }))
      .compile();
    await module.init();
    return module.get<ResolvedOptions>(RESOLVED_OPTIONS, { strict: false });
  }

  const slowly = async (value: object): Promise<{ value: object }> => {
    await new Promise((done) => setTimeout(done, 20));
    return { value };
  };

  it.each<[string, () => Imports]>([
    ['the cache after it', () => [config(), CacheModule.forRoot()]],
    ['the cache before it', () => [CacheModule.forRoot(), config()]],
    ['it in a module of its own', () => [CacheModule.forRoot(), nested(config())]],
    ['its values cached', () => [CacheModule.forRoot(), config({ cache: true, isGlobal: true })]],
    [
      'the cache built by a factory',
      () => [
        config(),
        CacheModule.forRootAsync({
          imports: [ConfigModule],
          inject: [ConfigService],
          useFactory: (service: ConfigService) => ({ prefix: service.get<string>('CACHE_PREFIX', '') }),
        }),
      ],
    ],
  ])('configures the cache, with %s', async (_how, imports) => {
    expect(await boot(imports())).toMatchObject({ prefix: 'shop-file', ttl: { toolMs: 420_000 } });
    expect(module?.get(AgentCache, { strict: false }).isOpen).toBe(true);
  });

  it('configures the cache where the file is checked by a schema that takes its time', async () => {
    const validationSchema = {
      '~standard': { version: 1, vendor: 'test', validate: slowly },
      // What the configuration module beside Nest 11 calls; it waits for nobody.
      validate: (value: object) => ({ value }),
    };
    const imports = [CacheModule.forRoot(), config({ validationSchema } as ConfigModuleOptions)];
    expect(await boot(imports)).toMatchObject({ prefix: 'shop-file' });
  });

  it('gives way to variables of the process', async () => {
    process.env['CACHE_PREFIX'] = 'process';
    expect(await boot([CacheModule.forRoot(), config()])).toMatchObject({ prefix: 'process' });
  });

  it('stops the boot where it is wrong', async () => {
    await writeFile(join(folder, 'wrong.env'), 'CACHE_PREFIX=a:b\n');
    const imports = [CacheModule.forRoot(), config({ envFilePath: join(folder, 'wrong.env') })];
    await expect(boot(imports)).rejects.toThrow("CACHE_PREFIX is 'a:b'");
  });

  it('is read whatever the app itself registers as "cache"', async () => {
    const load = [registerAs('cache', () => ({ prefix: 'own' }))];
    for (const imports of [
      [config({ load, isGlobal: true }), CacheModule.forRoot()],
      [CacheModule.forRoot(), config({ load, isGlobal: true })],
    ]) {
      expect(await boot(imports)).toMatchObject({ prefix: 'shop-file', ttl: { toolMs: 420_000 } });
      await module?.close();
    }
  });
});

function nested(config: DynamicModule | Promise<DynamicModule>): DynamicModule {
  @Module({})
  class Nested {}
  return { module: Nested, imports: [config] };
}
