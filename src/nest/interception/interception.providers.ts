import { Logger, type Provider } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { LocalFileStates } from '../../agent/files/file-states.js';
import type { MethodServices, Verification } from '../../agent/calls/method-policy.js';
import { SecretFinder } from '../../agent/secrets/secret-finder.js';
import { AgentCache } from '../../core/cache.js';
import { CacheKeyGenerator } from '../../core/key/cache-key-generator.js';
import type { ResolvedOptions } from '../../core/policy/options.js';
import type { ForkSource } from '../../core/ports/fork-source.js';
import { CACHE_BINDINGS, MODULE_OPTIONS_TOKEN, type CacheModuleOptions } from '../cache.module-definition.js';
import { FORKS, RESOLVED_OPTIONS } from '../cache.providers.js';
import { AppToolDescriptors } from '../tool-descriptors.js';
import type { CacheBinding } from './bindings.js';
import { CacheRuntime } from './cache-runtime.js';
import { CacheSlot } from './cache-slot.js';
import { CacheExplorer } from './cache.explorer.js';
import { MethodIdentity } from './method-identity.js';
import { VERIFICATION, verificationProvider } from './verification.provider.js';
import { createWarnOnce } from './warn-once.js';

/** What puts the cache around methods. */
export const interceptionProviders: Provider[] = [
  AppToolDescriptors,
  MethodIdentity,
  verificationProvider,
  {
    provide: CacheRuntime,
    inject: [
      AgentCache,
      CacheKeyGenerator,
      AppToolDescriptors,
      LocalFileStates,
      MethodIdentity,
      RESOLVED_OPTIONS,
      FORKS,
      VERIFICATION,
      MODULE_OPTIONS_TOKEN,
    ],
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
  files: LocalFileStates,
  identities: MethodIdentity,
  { ttl, embeddings, maxValueBytes }: ResolvedOptions,
  forks: ForkSource,
  verification: Verification,
  given: Pick<CacheModuleOptions, 'secrets'> | null | undefined,
): CacheRuntime {
  const logger = new Logger('AgentCache');
  const services: MethodServices = {
    cache,
    keys,
    tools,
    forks,
    files,
    verification,
    secrets: new SecretFinder(given?.secrets),
    ttl: {
      context: `${ttl.contextMs}ms`,
      tool: `${ttl.toolMs}ms`,
      embedding: `${ttl.embeddingMs}ms`,
      prompt: `${ttl.promptMs}ms`,
    },
    warnOnce: createWarnOnce((message) => logger.warn(message)),
  };
  return new CacheRuntime(services, identities, embeddings.enabled ? [] : ['embeddings'], maxValueBytes);
}
