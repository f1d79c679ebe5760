import type { FactoryProvider } from '@nestjs/common';
import type { Verification } from '../../agent/calls/method-policy.js';
import { NO_VERIFICATION } from '../../agent/verification/no-verification.js';
import { ShadowVerification } from '../../agent/verification/shadow-verification.js';
import { createValueCodec } from '../../codec/value-codec.js';
import { systemClock } from '../../composition/system-clock.js';
import { AgentCache } from '../../core/cache.js';
import { CacheEventBus } from '../../core/events.js';
import { CacheKeyGenerator } from '../../core/key/cache-key-generator.js';
import { MODULE_OPTIONS_TOKEN, type CacheModuleOptions } from '../cache.module-definition.js';
import { AppToolDescriptors } from '../tool-descriptors.js';

/** Token of what runs hits again. */
export const VERIFICATION = Symbol('nestjs-agent-cache:verification');

/** The options were checked before there was a cache. */
export const verificationProvider: FactoryProvider<Verification> = {
  provide: VERIFICATION,
  inject: [MODULE_OPTIONS_TOKEN, AgentCache, CacheEventBus, CacheKeyGenerator, AppToolDescriptors],
  useFactory: createVerification,
};

function createVerification(
  given: CacheModuleOptions | null | undefined,
  cache: AgentCache,
  events: CacheEventBus,
  keys: CacheKeyGenerator,
  tools: AppToolDescriptors,
): Verification {
  const options = given?.verify;
  if (!options || options.ratio === 0) return NO_VERIFICATION;
  const codec = createValueCodec();
  const copy = (value: unknown): unknown => codec.copy(value);
  const isOpen = (): boolean => cache.isOpen;
  return new ShadowVerification({
    options,
    tools,
    keys,
    events,
    clock: systemClock,
    random: Math.random,
    copy,
    isOpen,
  });
}
