export { createAgentCache } from './composition/create-agent-cache.js';
export { CacheControl } from './composition/cache-control.js';
export { CacheScope } from './composition/cache-scope.js';
export { AgentCache, type LoadMissing } from './core/cache.js';
export { CacheClient, type CacheHealth } from './core/cache-client.js';
export {
  CacheArgumentError,
  CacheConfigurationError,
  CacheError,
  CacheKeyError,
  CacheLoadError,
  CacheMissError,
} from './core/errors.js';
export type { BypassReason, CacheEventName, CacheEvents, CacheListener, MissReason } from './core/events.js';
export { escapeGlob } from './core/glob.js';
export { CacheKeyGenerator } from './core/key/cache-key-generator.js';
export type {
  CachePolicy,
  Explanation,
  InvalidationTarget,
  LoadContext,
  Loader,
  Outcome,
} from './core/policy/cache-policy.js';
export type { Cost, CostOf } from './core/policy/cost.js';
export { CacheTtl } from './core/policy/cache-ttl.js';
export type { Duration } from './core/policy/duration.js';
export type { CacheOptions, CascadeOptions, RedisOptions, TtlOptions } from './core/policy/options.js';
export { everything, file, resource, tree, type Resource } from './core/policy/resource.js';
export type { RunScope, ScopeLevel, ScopeValues } from './core/policy/scope.js';
export type { CacheControlValues } from './core/ports/cache-control.js';
export type { Decoding, EncodedValue, Encoding, ValueCodec } from './core/ports/codec.js';
