import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type LoggerService, Module } from '@nestjs/common';
import { ConfigModule, ConfigService, type ConfigType } from '@nestjs/config';
import { Test, type TestingModule } from '@nestjs/testing';
import { CacheConfigurationError } from '../../../src/core/errors.js';
import { cacheConfig } from '../../../src/nest/config/cache.config.js';

@Module({ imports: [ConfigModule.forFeature(cacheConfig)], exports: [ConfigModule] })
class Configured {}

const names = ['CACHE_PREFIX', 'CACHE_TTL', 'CACHE_DEFAULT_TTL', 'CACHE_MAX_TTL', 'REDIS_URL'];

describe('cacheConfig', () => {
  const before = Object.fromEntries(names.map((name) => [name, process.env[name]]));
  const warn = jest.fn();
  const logger = { log: jest.fn(), error: jest.fn(), warn } as unknown as LoggerService;

  beforeEach(() => {
    warn.mockClear();
    for (const name of names) delete process.env[name];
  });

  afterEach(() => {
    for (const name of names) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  });

  async function boot<T>(use: (module: TestingModule) => T): Promise<T> {
    const imports = [ConfigModule.forRoot({ ignoreEnvFile: true }), Configured];
    const module = await Test.createTestingModule({ imports }).setLogger(logger).compile();
    await module.init();
    try {
      return use(module);
    } finally {
      await module.close();
    }
  }

  it('is read from the environment when it is injected, not when it is imported', async () => {
    process.env['CACHE_PREFIX'] = 'late';
    const config = await boot((module) =>
      module.get<ConfigType<typeof cacheConfig>>(cacheConfig.KEY, { strict: false }),
    );
    expect(config).toMatchObject({ enabled: true, prefix: 'late', ttl: { tool: '1800s' } });
  });

  it('is found by ConfigService under "cache"', async () => {
    process.env['CACHE_PREFIX'] = 'found';
    const service = await boot((module) => module.get(ConfigService, { strict: false }));
    expect(service.get('cache.prefix')).toBe('found');
  });

  it('stops the boot with one error that names every wrong variable and shows no password', async () => {
    process.env['REDIS_URL'] = 'http://:hunter2@cache';
    process.env['CACHE_MAX_TTL'] = 'long';
    const error = await boot(() => null).then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(CacheConfigurationError);
    expect(String(error)).toMatch(/REDIS_URL is[\s\S]*CACHE_MAX_TTL is 'long'/);
    expect(String(error)).not.toContain('hunter2');
  });

  it('says nothing of a deprecated variable, since it may be loaded more than once', async () => {
    process.env['CACHE_TTL'] = '60';
    const config = await boot((module) =>
      module.get<ConfigType<typeof cacheConfig>>(cacheConfig.KEY, { strict: false }),
    );
    expect(config.ttl?.default).toBe('60s');
    expect(warn).not.toHaveBeenCalled();
  });
});
