import { createEnvelopeCodec } from '../codec/envelope-codec.js';
import { createValueCodec } from '../codec/value-codec.js';
import { Bypasses } from '../core/bypasses.js';
import { AgentCache, type AgentCacheParts } from '../core/cache.js';
import { CacheClient } from '../core/cache-client.js';
import { DirectWrites } from '../core/direct-writes.js';
import { type CacheEventBus } from '../core/events.js';
import { Flights } from '../core/flights.js';
import { Invalidation } from '../core/invalidation.js';
import { InvalidationTargets } from '../core/invalidation-targets.js';
import { CacheKeyGenerator } from '../core/key/cache-key-generator.js';
import { LoadContexts } from '../core/load-contexts.js';
import { LoadPath } from '../core/load-path.js';
import { LoadThrough } from '../core/load-through.js';
import { OutcomeLog } from '../core/outcome-log.js';
import { PendingInvalidations } from '../core/pending-invalidations.js';
import type { ResolvedOptions } from '../core/policy/options.js';
import { PolicyResolver } from '../core/policy/resolve-policy.js';
import type { Clock } from '../core/ports/clock.js';
import { tierOf, type Store } from '../core/ports/store.js';
import { ReadPath } from '../core/read-path.js';
import { VersionTokens } from '../core/version-tokens.js';
import { WritePath } from '../core/write-path.js';
import { WritesUnderWay } from '../core/writes-under-way.js';
import { CacheMetrics } from '../observability/cache-metrics.js';
import { connectMetrics } from '../observability/connect-metrics.js';
import { AsyncLoadNesting } from './async-load-nesting.js';
import { CacheScope } from './cache-scope.js';

/** The cache and what belongs to it, wired to one store. */
export interface ComposedCache {
  readonly cache: AgentCache;
  readonly client: CacheClient;
  readonly keys: CacheKeyGenerator;
  readonly metrics: CacheMetrics;
  readonly scope: CacheScope;
  readonly events: CacheEventBus;
  /** Closes the cache and its store; < 500 ms. */
  close(): Promise<void>;
}

export interface Surroundings {
  readonly store: Store;
  readonly clock: Clock;
  readonly events: CacheEventBus;
}

/** What a store in this process may add to a call, in milliseconds: never used up, but a number is asked for. */
const MEMORY_TIMEOUT_MS = 100;

/** Wires everything to `store`. The only place where the parts of the cache meet. */
export function composeCache(options: ResolvedOptions, { store, clock, events }: Surroundings): ComposedCache {
  const scope = new CacheScope(options.resolveScope);
  const metrics = new CacheMetrics({ redisConnected: () => tierOf(store) === 'redis' && store.isAvailable });
  connectMetrics(metrics, events);
  const cache = composeAgentCache(options, scope, { store, clock, events });
  const client = composeClient(options, metrics, { store, clock, events });
  return { cache, client, metrics, scope, events, keys: new CacheKeyGenerator(), close: () => cache.close() };
}

function composeClient(options: ResolvedOptions, metrics: CacheMetrics, surroundings: Surroundings): CacheClient {
  const { enabled, prefix, ttl } = options;
  const counts = (): { hits: number; misses: number } => metrics.summary();
  const lifetimes = { defaultTtlMs: ttl.defaultMs, maxTtlMs: ttl.maxMs };
  return new CacheClient({ ...surroundings, ...lifetimes, enabled, prefix, counts });
}

function composeAgentCache(options: ResolvedOptions, scope: CacheScope, surroundings: Surroundings): AgentCache {
  const common = { ...surroundings, timeoutMs: options.redis?.timeoutMs ?? MEMORY_TIMEOUT_MS } as const;
  const policies = new PolicyResolver(options, scope);
  const outcomes = new OutcomeLog();
  const paths = composePaths(options, common, outcomes);
  return new AgentCache({
    ...common,
    ...paths,
    enabled: options.enabled,
    policies,
    outcomes,
    loads: new LoadContexts(policies),
    bypasses: new Bypasses({ ...common, policies, outcomes }),
    targets: new InvalidationTargets({ ...common, ...paths, policies }),
    release: () => surroundings.store.close(),
  });
}

type Paths = Pick<AgentCacheParts, 'readPath' | 'writePath' | 'loadThrough' | 'directWrites' | 'invalidation'>;

function composePaths(
  { prefix, ttl, graceMs, compressMinBytes, encryptionKeys }: ResolvedOptions,
  common: Surroundings & { readonly timeoutMs: number },
  outcomes: OutcomeLog,
): Paths {
  const { clock } = common;
  const values = createValueCodec();
  const envelopes = createEnvelopeCodec({ compressMinBytes, encryptionKeys });
  const tokens = new VersionTokens({ ...common, prefix, entryMs: ttl.maxMs + graceMs });
  const pending = new PendingInvalidations();
  const underWay = new WritesUnderWay(clock);
  const flights = new Flights(clock, underWay);
  const readPath = new ReadPath({ ...common, tokens, pending, values, envelopes });
  const writePath = new WritePath({ ...common, values, envelopes, tokens });
  const loadPath = new LoadPath({ ...common, flights, tokens, writePath, nesting: new AsyncLoadNesting() });
  return {
    readPath,
    writePath,
    loadThrough: new LoadThrough({ ...common, readPath, loadPath, outcomes }),
    directWrites: new DirectWrites({ ...common, readPath, writePath, tokens, underWay }),
    invalidation: new Invalidation({ ...common, tokens, pending, underWay }),
  };
}
