import { registerAs } from '@nestjs/config';
import type { CacheOptions } from '../../core/policy/options.js';
import { readCacheEnvironment } from './read-environment.js';

/**
 * The cache's part of the configuration, read from `process.env` when it is injected: `ConfigService.get('cache')`.
 * `CacheModule` registers it. A wrong variable throws `CacheConfigurationError` while the app boots.
 */
export const cacheConfig = registerAs('cache', (): CacheOptions => readCacheEnvironment(process.env));
