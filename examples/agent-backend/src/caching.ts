import type { DynamicModule, Type } from '@nestjs/common';
import { CacheModule, type CacheModuleOptions } from 'nestjs-agent-cache';
import { CacheHttpModule } from 'nestjs-agent-cache/http';

/**
 * The switch: the only place that brings the cache in. `null` leaves it out, and every decorator is then without effect.
 * What `options` does not say comes from the environment.
 */
export function caching(options: CacheModuleOptions | null): (DynamicModule | Type)[] {
  return options ? [CacheModule.forRoot(options), CacheHttpModule] : [];
}
