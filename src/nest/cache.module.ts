import { type DynamicModule, Module } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import {
  ASYNC_OPTIONS_TYPE,
  CACHE_BINDINGS,
  ConfigurableModuleClass,
  OPTIONS_TYPE,
  type CacheModuleOptions,
} from './cache.module-definition.js';
import { CACHE_EXPORTS, cacheProviders } from './cache.providers.js';
import { cacheConfig } from './config/cache.config.js';
import { isBinding } from './config/module-options.js';
import { filesProviders } from './files/files.providers.js';
import { armMethod } from './interception/bindings.js';
import { CacheSlotModule } from './interception/cache-slot.js';
import { interceptionProviders } from './interception/interception.providers.js';

/**
 * The cache of a Nest app: import it once, `CacheModule.forRoot()`. It is configured by the environment; options given
 * here win over it. Without it, or with `enabled: false`, decorated methods run as if they were not decorated.
 */
@Module({
  imports: [ConfigModule.forFeature(cacheConfig), CacheSlotModule],
  providers: [...cacheProviders, ...filesProviders, ...interceptionProviders],
  exports: CACHE_EXPORTS,
})
export class CacheModule extends ConfigurableModuleClass {
  static override forRoot(options: typeof OPTIONS_TYPE = {}): DynamicModule {
    const given = options ?? {};
    return withBindings(super.forRoot(given), given);
  }

  /** `bindings` and `isGlobal` stand beside the factory, since classes are bound before it runs. */
  static override forRootAsync(options: typeof ASYNC_OPTIONS_TYPE): DynamicModule {
    return withBindings(super.forRootAsync(options), options);
  }
}

/** Classes are armed here, before Nest makes any instance of them. What is no binding stops the boot later, with the rest. */
function withBindings(
  definition: DynamicModule,
  { bindings = [], isGlobal = true }: Pick<CacheModuleOptions, 'bindings' | 'isGlobal'>,
): DynamicModule {
  for (const { target, methods } of Array.isArray(bindings) ? bindings.filter(isBinding) : []) {
    if (typeof target === 'function') for (const key of Reflect.ownKeys(methods)) armMethod(target, key);
  }
  const provided = { provide: CACHE_BINDINGS, useValue: bindings };
  return { ...definition, global: isGlobal, providers: [...(definition.providers ?? []), provided] };
}
