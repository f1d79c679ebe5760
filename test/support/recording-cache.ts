import { systemClock } from '../../src/composition/system-clock.js';
import { CacheKeyGenerator } from '../../src/core/key/cache-key-generator.js';
import { LocalFileStates } from '../../src/agent/files/file-states.js';
import type { FileStates, MethodPolicy, MethodServices, Verification } from '../../src/agent/calls/method-policy.js';
import { SecretFinder } from '../../src/agent/secrets/secret-finder.js';
import { NO_VERIFICATION } from '../../src/agent/verification/no-verification.js';
import type { ToolDescriptor } from '../../src/agent/descriptors/tool-descriptor.js';
import type { AgentCache } from '../../src/core/cache.js';
import type { CacheEventName, CacheEvents } from '../../src/core/events.js';
import type { CacheOptions } from '../../src/core/policy/options.js';
import type { MethodIdentity } from '../../src/nest/interception/method-identity.js';
import { RuntimeCall } from '../../src/nest/interception/runtime-call.js';
import { createCacheKit, type CacheKit } from './cache-kit.js';

type Method = (...args: never[]) => unknown;

export interface MethodOptions {
  /** Default `'AppModule.Service.method'`. */
  readonly identity?: string | null;
  readonly method?: string;
  readonly instance?: object;
  /** The function answers all that an Observable emits, as an array. */
  readonly isObservable?: boolean;
}

export interface RecordingCache extends CacheKit {
  readonly services: MethodServices;
  /** What was said in the log, by topic. */
  readonly warnings: { topic: string; message: string }[];
  /** A function that runs `method` under `policy`, without the safety net of the interception. */
  under<M extends Method>(
    policy: MethodPolicy,
    method: M,
    options?: MethodOptions,
  ): (...args: Parameters<M>) => Promise<unknown>;
  /** Events of that name, in order. */
  eventsOf<N extends CacheEventName>(name: N): CacheEvents[N][];
  statusOf(result: unknown): string | undefined;
}

export interface RecordingOptions {
  readonly cache?: CacheOptions;
  readonly tools?: Readonly<Record<string, ToolDescriptor>>;
  readonly files?: FileStates;
  readonly verification?: (kit: CacheKit) => Verification;
  readonly secrets?: MethodServices['secrets'];
  /** Takes the place of the cache that policies see, such as one with a fault or a forgotten rule. */
  readonly mutate?: (cache: AgentCache) => AgentCache;
  /** Another kit whose store and clock are shared: another process. */
  readonly shared?: RecordingCache;
}

/** A real cache in memory, under a clock that the test moves, that records what method policies do with it. */
export function createRecordingCache(options: RecordingOptions = {}): RecordingCache {
  const kit = createCacheKit(options.cache, options.shared);
  const warnings: RecordingCache['warnings'] = [];
  const topics = new Set<string>();
  const services: MethodServices = {
    cache: options.mutate?.(kit.cache) ?? kit.cache,
    keys: new CacheKeyGenerator(),
    tools: { describe: (tool) => options.tools?.[tool] },
    forks: kit.composed.forks,
    files: options.files ?? new LocalFileStates(systemClock),
    verification: options.verification?.(kit) ?? NO_VERIFICATION,
    secrets: options.secrets ?? new SecretFinder(),
    ttl: { context: '1h', tool: '30m', embedding: '24h', prompt: '1h' },
    warnOnce(topic, message) {
      if (!topics.has(topic)) warnings.push({ topic, message });
      topics.add(topic);
    },
  };
  return {
    ...kit,
    services,
    warnings,
    under(
      policy,
      method,
      { identity = 'AppModule.Service.method', method: name = 'method', instance = {}, isObservable = false } = {},
    ) {
      const identities = { of: () => identity, methodOf: () => name } as unknown as MethodIdentity;
      const site = { owner: null, key: name, name: `Service.${name}`, layer: 0 };
      return (...args) => {
        const invoke = async (given: readonly unknown[]): Promise<unknown> =>
          Reflect.apply(method, instance, given as never);
        const call = { policy, site, instance, args, invoke, isObservable };
        return policy.run(new RuntimeCall(call, { identities, thrown: new WeakSet() }), services);
      };
    },
    eventsOf: <N extends CacheEventName>(name: N) =>
      kit.events.filter((entry) => entry.name === name).map(({ event }) => event as CacheEvents[N]),
    statusOf: (result) => kit.cache.outcomeOf(result)?.status,
  };
}

/** The same cache with some methods replaced. */
export function withMethods(cache: AgentCache, methods: Partial<AgentCache>): AgentCache {
  return new Proxy(cache, {
    get(target, key) {
      const own: unknown = Reflect.get(methods, key) ?? Reflect.get(target, key);
      return typeof own === 'function' ? own.bind(target) : own;
    },
  });
}
