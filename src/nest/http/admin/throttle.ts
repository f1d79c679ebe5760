import type { CanActivate } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type * as Throttler from '@nestjs/throttler';
import { CacheConfigurationError } from '../../../core/errors.js';
import type { ResolvedAdminOptions } from './resolve-admin-options.js';
import { CallerHits } from './caller-hits.js';

/** The part of the `@nestjs/throttler` package that is used. */
export type ThrottlerPackage = Pick<typeof Throttler, 'ThrottlerGuard'>;
/** Loads the optional peer; rejects where it is not installed. */
export type LoadThrottler = () => Promise<ThrottlerPackage>;

export const LOAD_THROTTLER = Symbol('nestjs-agent-cache:load-throttler');

export const loadThrottler: LoadThrottler = () => import('@nestjs/throttler');

/**
 * A guard that lets each caller through `limit` times within the time, and answers 429 with `Retry-After` otherwise. It has
 * nothing to do with a `ThrottlerModule` of the app: neither its options nor its storage. Who the caller is
 * `@nestjs/throttler` says: the address, as the app's setting of trusted proxies has it.
 *
 * Throws `CacheConfigurationError` where the package is missing: the endpoints are never there without a limit.
 */
export async function makeThrottle(
  { limit, ttlMs }: Pick<ResolvedAdminOptions, 'limit' | 'ttlMs'>,
  load: LoadThrottler,
): Promise<CanActivate> {
  const { ThrottlerGuard } = await load().catch(missing);
  const options: Throttler.ThrottlerModuleOptions = {
    throttlers: [{ limit, ttl: ttlMs }],
    // Both endpoints together.
    generateKey: (_context, caller) => String(caller),
    errorMessage: 'Too many requests: try again after as many seconds as the header Retry-After says',
  };
  const throttle = new ThrottlerGuard(options, new CallerHits(), new Reflector());
  await throttle.onModuleInit();
  return throttle;
}

function missing(cause: unknown): never {
  throw new CacheConfigurationError(
    'POST /cache/invalidate and GET /cache/explain are turned on by CACHE_ADMIN_TOKEN or by the option admin.guard, and are ' +
      'never without a rate limit, for which @nestjs/throttler is needed, which cannot be loaded: run npm install ' +
      '@nestjs/throttler, or empty CACHE_ADMIN_TOKEN and leave admin.guard out',
    { cause },
  );
}
