import { Logger, type Provider } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import type { MethodServices } from '../../agent/method-policy.js';
import { AgentCache } from '../../core/cache.js';
import { CacheKeyGenerator } from '../../core/key/cache-key-generator.js';
import type { ResolvedOptions } from '../../core/policy/options.js';
import { CACHE_BINDINGS } from '../cache.module-definition.js';
import { RESOLVED_OPTIONS } from '../cache.providers.js';
import { AppToolDescriptors } from '../tool-descriptors.js';
import type { CacheBinding } from './bindings.js';
import { CacheRuntime } from './cache-runtime.js';
import { CacheSlot } from './cache-slot.js';
import { CacheExplorer } from './cache.explorer.js';
import { MethodIdentity } from './method-identity.js';
import { createWarnOnce } from './warn-once.js';

/** What puts the cache around methods. */
export const interceptionProviders: Provider[] = [
  AppToolDescriptors,
  MethodIdentity,
  {
    provide: CacheRuntime,
    inject: [AgentCache, CacheKeyGenerator, AppToolDescriptors, MethodIdentity, RESOLVED_OPTIONS],
    useFactory: createRuntime,
  },
  {
    provide: CacheExplorer,
    inject: [CacheSlot, CacheRuntime, MethodIdentity, ModulesContainer, CACHE_BINDINGS],
    useFactory: (
      slot: CacheSlot,
      runtime: CacheRuntime,
      identities: MethodIdentity,
      modules: ModulesContainer,
      bindings: readonly CacheBinding[],
    ) => new CacheExplorer({ slot, runtime, identities, modules, bindings }),
  },
];

function createRuntime(
  cache: AgentCache,
  keys: CacheKeyGenerator,
  tools: AppToolDescriptors,
  identities: MethodIdentity,
  { ttl, embeddings }: ResolvedOptions,
): CacheRuntime {
  const logger = new Logger('AgentCache');
  const services: MethodServices = {
    cache,
    keys,
    tools,
    ttl: {
      context: `${ttl.contextMs}ms`,
      tool: `${ttl.toolMs}ms`,
      embedding: `${ttl.embeddingMs}ms`,
      prompt: `${ttl.promptMs}ms`,
    },
    warnOnce: createWarnOnce((message) => logger.warn(message)),
  };
  return new CacheRuntime(services, identities, embeddings.enabled ? [] : ['embeddings']);
}
