import type { BypassReason } from '../core/events.js';
import type { CachePolicy, LoadContext } from '../core/policy/cache-policy.js';
import type { MethodCall, MethodServices } from './method-policy.js';

/** Under which key and how the result of one call is cached. */
export interface Entry {
  readonly key: string;
  readonly policy: CachePolicy;
}

/** Runs the method past the cache and counts that. */
export async function bypass(
  call: MethodCall,
  { cache }: MethodServices,
  category: string,
  reason: BypassReason,
): Promise<unknown> {
  let outcome: unknown;
  try {
    return (outcome = await call.proceed());
  } finally {
    cache.recordBypass(category, reason, outcome);
  }
}

/** Loads through the cache. A call that came out of a load of the same key runs the method instead of waiting for itself. */
export function loadThrough(
  call: MethodCall,
  { cache }: MethodServices,
  { key, policy }: Entry,
  load: (context: LoadContext) => Promise<unknown>,
): Promise<unknown> {
  if (call.isWithinLoadOf([key])) return call.proceed();
  return cache.getOrLoad(key, (context) => call.loading([key], () => load(context)), policy);
}

/**
 * What `make` answers; `null` and one warning where it throws, so that the call goes past the cache: the arguments hold
 * something no key can be made of, or a function among the options failed.
 */
export function attempt<T>(call: MethodCall, services: MethodServices, make: () => T): T | null {
  try {
    return make();
  } catch (error) {
    const kind = error instanceof Error ? error.name : typeof error;
    services.warnOnce(
      `not-keyable ${call.name}`,
      `${call.name} ran uncached: no key could be made of a call (${kind}). Arguments that are functions, class ` +
        `instances or cyclic cannot be part of a key, and functions among the options must not throw: give the ` +
        `decorator \`vary\` or \`key\`, a function that answers plain data`,
    );
    return null;
  }
}
