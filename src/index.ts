export { CacheModule } from './nest/cache.module.js';
export type { CacheFactoryOptions, CacheModuleOptions } from './nest/cache.module-definition.js';
export type { FilesOptions } from './nest/files/files-options.js';
export { cacheConfig } from './nest/config/cache.config.js';
export { CacheContext } from './nest/decorators/cache-context.decorator.js';
export { CacheEmbeddings } from './nest/decorators/cache-embeddings.decorator.js';
export { CacheEvict } from './nest/decorators/cache-evict.decorator.js';
export { CachePrompt } from './nest/decorators/cache-prompt.decorator.js';
export { CacheReadOnlyTool } from './nest/decorators/cache-read-only-tool.decorator.js';
export { NeverCache, type NeverCacheDecorator } from './nest/decorators/never-cache.decorator.js';
export { Cacheable } from './nest/decorators/cacheable.decorator.js';
export type { CacheDecorator } from './nest/decorators/cache-decorator.js';
export { InvalidatesContext } from './nest/decorators/invalidates-context.decorator.js';
export { bindCache, type CacheBinding, type PolicyFor } from './nest/interception/bindings.js';
export type { RequestScopeResolver } from './nest/scope/request-scope.interceptor.js';
export type { ScopeOptions } from './nest/scope/scope-option.js';
export { TOOL_DESCRIPTORS } from './nest/tool-descriptors.js';
export type { CacheContextOptions } from './agent/contexts/context-policy.js';
export type { CacheEmbeddingsOptions } from './agent/embeddings/embeddings-policy.js';
export type { CacheEvictOptions } from './agent/values/evict-policy.js';
export type { InvalidatesContextOptions } from './agent/contexts/invalidates-context-policy.js';
export type { MethodPolicy } from './agent/calls/method-policy.js';
export type { CachePromptOptions } from './agent/prompts/prompt-policy.js';
export type { CacheReadOnlyToolOptions } from './agent/tools/read-only-tool-policy.js';
export { descriptorFromAnnotations, type ToolAnnotations } from './agent/descriptors/tool-annotations.js';
export type { ToolDescriptor, ToolDescriptors } from './agent/descriptors/tool-descriptor.js';
export type { SecretOptions } from './agent/secrets/secret-finder.js';
export type { CacheableOptions } from './agent/values/value-policy.js';
export type { VerifyOptions } from './agent/verification/verify-options.js';
export { CacheMetrics, type MetricsSummary } from './observability/cache-metrics.js';
export type { Saving, SavingsSummary } from './observability/savings.js';
export type { VerificationSummary } from './observability/verification-counts.js';
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
