import type { DynamicModule, Type } from '@nestjs/common';
import { CacheModule, type CacheModuleOptions } from 'nestjs-agent-cache';
import { CacheHttpModule } from 'nestjs-agent-cache/http';
import { SettingsError } from './settings.js';

/**
 * The switch: the only place that brings the cache in. `null` leaves it out, and every decorator is then without effect.
 * What `options` does not say comes from the environment.
 */
export function caching(options: CacheModuleOptions | null): (DynamicModule | Type)[] {
  return options ? [CacheModule.forRoot(options), CacheHttpModule] : [];
}

/** What `AGENT_BACKEND_CACHE` says; it is on where that is empty. Throws a `SettingsError` for any other word. */
export function wantsCache(environment: NodeJS.ProcessEnv): boolean {
  const value = environment['AGENT_BACKEND_CACHE']?.trim().toLowerCase() || 'on';
  if (['on', 'true', '1', 'yes'].includes(value)) return true;
  if (['off', 'false', '0', 'no'].includes(value)) return false;
  throw new SettingsError(`AGENT_BACKEND_CACHE is '${value}': expected on, true, 1, yes, off, false, 0 or no.`);
}
