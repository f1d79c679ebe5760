import { Logger, type OnApplicationShutdown, type Provider } from '@nestjs/common';
import { composeCache, type ComposedCache } from '../composition/compose-cache.js';
import { CacheScope } from '../composition/cache-scope.js';
import { openStore } from '../composition/open-store.js';
import { systemClock } from '../composition/system-clock.js';
import { AgentCache } from '../core/cache.js';
import { CacheClient } from '../core/cache-client.js';
import { CacheEventBus } from '../core/events.js';
import { CacheKeyGenerator } from '../core/key/cache-key-generator.js';
import type { CacheOptions, ResolvedOptions } from '../core/policy/options.js';
import { CacheMetrics } from '../observability/cache-metrics.js';
import { connectLog } from '../observability/cache-log.js';
import { CACHE_BINDINGS, type CacheFactoryOptions, MODULE_OPTIONS_TOKEN } from './cache.module-definition.js';
import { cacheConfig } from './config/cache.config.js';
import { warningsOf } from './config/environment-warnings.js';
import { resolveModuleOptions } from './config/module-options.js';
import { RequestScopes } from './scope/request-scopes.js';
import { scopeProviders } from './scope/scope.providers.js';

/** All options of this app: code over environment over defaults. */
export const RESOLVED_OPTIONS = Symbol('nestjs-agent-cache:resolved-options');
/** Knows on which copy of the world a call works. */
export const FORKS = Symbol('nestjs-agent-cache:forks');
const COMPOSED_CACHE = Symbol('nestjs-agent-cache:composed-cache');

/** Ends the cache with the app, after everything that may still use it. */
class CacheLifecycle implements OnApplicationShutdown {
  constructor(private readonly composed: ComposedCache) {}

  onApplicationShutdown(): Promise<void> {
    return this.composed.close();
  }
}

/** Warns here and not where the environment is read, since an app may read it as often as it likes. */
function resolve(
  environment: CacheOptions,
  code: CacheFactoryOptions | null | undefined,
  bindings: unknown,
  requests: RequestScopes,
): ResolvedOptions {
  const logger = new Logger('AgentCache');
  for (const warning of warningsOf(process.env)) logger.warn(warning);
  const resolved = resolveModuleOptions(environment, code, bindings);
  if (code?.metrics?.aggregate) {
    logger.warn('metrics.aggregate has no effect: this version counts every instance by itself');
  }
  return code?.scope?.fromRequest ? { ...resolved, resolveScope: () => requests.current() } : resolved;
}

async function compose(options: ResolvedOptions): Promise<ComposedCache> {
  const logger = new Logger('AgentCache');
  const events = new CacheEventBus();
  connectLog(events, { log: (message) => logger.log(message), warn: (message) => logger.warn(message) });
  const surroundings = { clock: systemClock, events };
  // As long as Redis may add to any one call, it may add to the start: then the first calls can already hit.
  const waitMs = options.redis?.timeoutMs ?? 0;
  const store = await openStore(options, { ...surroundings, waitMs, warn: (message) => logger.warn(message) });
  return composeCache(options, { ...surroundings, store });
}

const part = <T>(provide: (Provider & object) | symbol, pick: (composed: ComposedCache) => T): Provider => ({
  provide: provide as never,
  inject: [COMPOSED_CACHE],
  useFactory: pick,
});

/** Everything that `CacheModule` provides. */
export const cacheProviders: Provider[] = [
  ...scopeProviders,
  {
    provide: RESOLVED_OPTIONS,
    inject: [cacheConfig.KEY, MODULE_OPTIONS_TOKEN, CACHE_BINDINGS, RequestScopes],
    useFactory: resolve,
  },
  { provide: COMPOSED_CACHE, inject: [RESOLVED_OPTIONS], useFactory: compose },
  part(AgentCache, ({ cache }) => cache),
  part(CacheClient, ({ client }) => client),
  part(CacheKeyGenerator, ({ keys }) => keys),
  part(CacheMetrics, ({ metrics }) => metrics),
  part(CacheScope, ({ scope }) => scope),
  part(FORKS, ({ forks }) => forks),
  part(CacheEventBus, ({ events }) => events),
  part(CacheLifecycle, (composed) => new CacheLifecycle(composed)),
];

/** What apps may inject. */
export const CACHE_EXPORTS = [AgentCache, CacheClient, CacheKeyGenerator, CacheMetrics, CacheScope];
