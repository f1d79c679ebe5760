import { type CanActivate, Logger, type Provider } from '@nestjs/common';
import { ModuleRef, ModulesContainer } from '@nestjs/core';
import { AgentCache } from '../../../core/cache.js';
import { adminConfig } from '../../config/admin.config.js';
import type { AdminTokens } from '../../config/admin-tokens.js';
import { CACHE_HTTP_OPTIONS, type CacheHttpOptions } from '../http-options.js';
import { CacheAdminController } from './admin.controller.js';
import { ADMIN_ACCESS, type AdminAccess } from './admin-gate.js';
import { resolveAdminOptions } from './resolve-admin-options.js';
import { AdminAudit } from './audit.js';
import { OwnGuard } from './own-guard.js';
import { LOAD_THROTTLER, loadThrottler, makeThrottle, type LoadThrottler } from './throttle.js';

/**
 * Who may use the endpoints for administration; `null`: nobody, and there are none.
 *
 * What the environment says is known when providers are made, and routes are made of the controllers that are left after
 * that. So a controller that nobody may use is taken out of its module here: its paths are answered as any unknown one.
 */
async function openOrWithdraw(
  options: CacheHttpOptions,
  tokens: AdminTokens,
  ref: ModuleRef,
  modules: ModulesContainer,
  load: LoadThrottler,
): Promise<AdminAccess | null> {
  const { guard, ...limits } = resolveAdminOptions(options);
  const isWanted = !tokens.isEmpty || guard !== undefined;
  if (!isWanted || !hasCache(modules)) {
    if (isWanted) warnOfNoCache();
    for (const { controllers } of modules.values()) controllers.delete(CacheAdminController);
    return null;
  }
  const throttle: CanActivate = await makeThrottle(limits, load);
  return { throttle, tokens, guard: guard === undefined ? null : new OwnGuard(guard, ref) };
}

/** Its instance may be made later. */
function hasCache(modules: ModulesContainer): boolean {
  return [...modules.values()].some(({ providers }) => providers.has(AgentCache));
}

function warnOfNoCache(): void {
  new Logger('AgentCache').warn(
    'There is no POST /cache/invalidate and no GET /cache/explain, because there is no cache: import CacheModule, or empty ' +
      'CACHE_ADMIN_TOKEN and leave admin.guard out',
  );
}

/** What the endpoints for administration are made of. */
export const adminProviders: Provider[] = [
  AdminAudit,
  { provide: LOAD_THROTTLER, useValue: loadThrottler },
  {
    provide: ADMIN_ACCESS,
    inject: [CACHE_HTTP_OPTIONS, adminConfig.KEY, ModuleRef, ModulesContainer, LOAD_THROTTLER],
    useFactory: openOrWithdraw,
  },
];
