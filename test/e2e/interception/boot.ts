import { createRequire } from 'node:module';
import type { LoggerService, ModuleMetadata } from '@nestjs/common';
import { Test, type TestingModule, type TestingModuleBuilder } from '@nestjs/testing';
import { AgentCache } from '../../../src/core/cache.js';
import type { CacheModuleOptions } from '../../../src/nest/cache.module-definition.js';
import { CacheModule } from '../../../src/nest/cache.module.js';

export interface Booted {
  readonly app: TestingModule;
  readonly cache: AgentCache;
  /** Everything that was said in the log as a warning. */
  readonly warnings: string[];
}

checkNest();

/** What tests of one process have booted and not closed yet. */
const running = new Set<TestingModule>();

/** A running app with the cache in memory. */
export async function boot(metadata: ModuleMetadata, options: CacheModuleOptions = {}): Promise<Booted> {
  const imports = [CacheModule.forRoot({ prefix: 'test', ...options }), ...(metadata.imports ?? [])];
  const booted = await bootWithout({ ...metadata, imports });
  return { ...booted, cache: booted.app.get(AgentCache, { strict: false }) };
}

/** A running app as it is given: without the cache, or with a cache of its own. */
export async function bootWithout(
  metadata: ModuleMetadata,
  customize: (builder: TestingModuleBuilder) => TestingModuleBuilder = (builder) => builder,
): Promise<Omit<Booted, 'cache'>> {
  const warnings: string[] = [];
  const app = await customize(Test.createTestingModule(metadata)).setLogger(silentLogger(warnings)).compile();
  running.add(app);
  await app.init();
  return { app, warnings };
}

/** Closes what a test has left running; for `afterEach`. */
export async function closeAll(): Promise<void> {
  for (const app of running) await app.close();
  running.clear();
}

function silentLogger(warnings: string[]): LoggerService {
  const ignore = (): void => undefined;
  return {
    log: ignore,
    error: ignore,
    debug: ignore,
    verbose: ignore,
    warn: (message: string) => void warnings.push(message),
  };
}

/** The same tests run on Nest 12 and, with `NEST=11`, on Nest 11: not on one of them twice. */
function checkNest(): void {
  for (const name of ['@nestjs/common', '@nestjs/core', '@nestjs/testing']) {
    const path = createRequire(import.meta.url).resolve(name);
    if (path.includes('/test/nest-11/') !== (process.env.NEST === '11')) {
      throw new Error(`NEST is ${process.env.NEST ?? 'not set'}, but ${name} comes from ${path}`);
    }
  }
}
