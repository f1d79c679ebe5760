import { AsyncLocalStorage } from 'node:async_hooks';
import { RealPlaces } from '../agent/resources/real-places.js';
import { Bypasses } from '../core/bypasses.js';
import { AgentCache } from '../core/cache.js';
import { CacheClient } from '../core/cache-client.js';
import { Calls } from '../core/calls.js';
import { type CacheEventBus } from '../core/events.js';
import { InvalidationTargets } from '../core/invalidation/invalidation-targets.js';
import { CacheKeyGenerator } from '../core/key/cache-key-generator.js';
import { storeNamesOf } from '../core/key/store-names.js';
import { LoadContexts } from '../core/loading/load-contexts.js';
import { LoadSignals } from '../core/loading/load-signals.js';
import { OutcomeLog } from '../core/outcome-log.js';
import type { ResolvedOptions } from '../core/policy/options.js';
import { Cascade } from '../core/policy/cascade.js';
import { PolicyResolver } from '../core/policy/resolve-policy.js';
import { ResourceGroups } from '../core/policy/resource-groups.js';
import type { ForkSource } from '../core/ports/fork-source.js';
import { ForkedRuns } from '../core/state/forked-runs.js';
import { tierOf } from '../core/ports/store.js';
import { Refusals } from '../core/refusals.js';
import { CacheMetrics } from '../observability/cache-metrics.js';
import { connectMetrics } from '../observability/connect-metrics.js';
import { CacheControl } from './cache-control.js';
import { CacheScope } from './cache-scope.js';
import type { RunContext } from './run-context.js';
import { composePaths, type PathParts, type Surroundings } from './compose-paths.js';

/** The cache and what belongs to it, wired to one store. */
export interface ComposedCache {
  readonly cache: AgentCache;
  readonly client: CacheClient;
  readonly keys: CacheKeyGenerator;
  readonly metrics: CacheMetrics;
  readonly scope: CacheScope;
  readonly forks: ForkSource;
  readonly events: CacheEventBus;
  /** Closes the cache and its store; < 500 ms. */
  close(): Promise<void>;
}

/** What a store in this process may add to a call, in milliseconds: never used up, but a number is asked for. */
const MEMORY_TIMEOUT_MS = 100;

/** Wires everything to `store`. The only place where the parts of the cache meet. */
export function composeCache(options: ResolvedOptions, surroundings: Surroundings): ComposedCache {
  const { store, events } = surroundings;
  const resources = new ResourceGroups(new Cascade(options.cascade), new RealPlaces());
  const { scope, forks } = composeScope(options, resources);
  const metrics = new CacheMetrics({ redisConnected: () => tierOf(store) === 'redis' && store.isAvailable });
  connectMetrics(metrics, events);
  const names = storeNamesOf(options);
  const policies = new PolicyResolver(options, scope, resources, names);
  const cache = composeAgentCache(options, surroundings, { policies, names });
  const client = composeClient(options, metrics, surroundings);
  return { cache, client, metrics, scope, forks, events, keys: new CacheKeyGenerator(), close: () => cache.close() };
}

function composeScope(
  { resolveScope }: ResolvedOptions,
  resources: ResourceGroups,
): { readonly scope: CacheScope; readonly forks: ForkSource } {
  const contexts = new AsyncLocalStorage<RunContext>();
  const scope = new CacheScope(resolveScope, { contexts, runs: new ForkedRuns(resources) });
  return { scope, forks: { current: () => contexts.getStore()?.copy?.run } };
}

function composeClient(options: ResolvedOptions, metrics: CacheMetrics, surroundings: Surroundings): CacheClient {
  const { enabled, prefix, ttl } = options;
  const counts = (): { hits: number; misses: number } => metrics.summary();
  const lifetimes = { defaultTtlMs: ttl.defaultMs, maxTtlMs: ttl.maxMs };
  return new CacheClient({ ...surroundings, ...lifetimes, enabled, prefix, counts });
}

type Addresses = Pick<PathParts, 'policies' | 'names'>;

function composeAgentCache(options: ResolvedOptions, surroundings: Surroundings, addresses: Addresses): AgentCache {
  const common: PathParts = {
    ...surroundings,
    ...addresses,
    outcomes: new OutcomeLog(),
    refusals: new Refusals(surroundings.events),
    signals: new LoadSignals(),
    random: surroundings.random ?? Math.random,
    timeoutMs: options.redis?.timeoutMs ?? MEMORY_TIMEOUT_MS,
  };
  const paths = composePaths(options, common);
  const bypasses = new Bypasses(common);
  const calls = new Calls({ ...common, ...paths, bypasses, enabled: options.enabled, control: CacheControl });
  return new AgentCache({
    ...common,
    ...paths,
    calls,
    bypasses,
    loads: new LoadContexts(addresses.policies),
    targets: new InvalidationTargets({ ...common, ...paths }),
    release: () => {
      common.signals.abort();
      paths.close();
      return surroundings.store.close();
    },
  });
}
