import type { MethodPolicy } from '../../agent/method-policy.js';
import { type CacheSlot, expectSlot, type InterceptedCall, type InterceptionRuntime, slotOf } from './cache-slot.js';
import { disguise } from './disguise.js';
import { layersOf, methodName, type MethodSite } from './method-site.js';
import { replay } from './replay.js';
import { type CacheableKind, declaredKind, kindOfFunction, kindOfResult, markKind } from './return-kind.js';
import { runAtOnce } from './run-at-once.js';

/** Any method or function, as it is when nothing is known of it. */
export type AnyMethod = (this: unknown, ...args: unknown[]) => unknown;

/** The cache that a call goes to. */
interface Way {
  readonly instance: object;
  readonly runtime: InterceptionRuntime;
  readonly policy: MethodPolicy;
}

interface Interception {
  readonly site: MethodSite;
  readonly original: AnyMethod;
  /** `null`: not known before the first call. */
  readonly kind: CacheableKind | null;
  /** `undefined`: the call is not for the cache. */
  readonly wayOf: (self: unknown) => Way | undefined;
}

/**
 * The method `key` of a class, replaced by one that asks the cache of the app its instance belongs to. Without a policy of
 * its own it takes the one that the app's bindings give it. Where there is no app, no open cache or no policy, it is the
 * original. Throws `TypeError` for what cannot be cached.
 */
export function interceptMethod(
  prototype: object,
  key: string | symbol,
  method: unknown,
  ownPolicy?: MethodPolicy,
): AnyMethod {
  const kind = declaredKind(prototype, key, method);
  const original = method as AnyMethod;
  const site = { owner: prototype, key, name: methodName(prototype, key), layer: layersOf(original) };
  expectSlot(prototype);
  const intercepted = intercept({
    site,
    original,
    kind,
    wayOf: (self) => {
      const slot = slotOf(self);
      const policy = slot && (ownPolicy ?? slot.boundPolicies.get(intercepted));
      return slot?.runtime && policy ? { instance: self as object, runtime: slot.runtime, policy } : undefined;
    },
  });
  return intercepted;
}

/** The same for a function that one object holds: a property, or a method of an object without a class. */
export function interceptProperty(
  instance: object,
  key: string | symbol,
  original: AnyMethod,
  slot: CacheSlot,
  policy: MethodPolicy,
): AnyMethod {
  const site = { owner: null, key, name: methodName(instance, key), layer: layersOf(original) };
  const wayOf: Interception['wayOf'] = () => {
    return slotOf(instance) === slot && slot.runtime ? { instance, runtime: slot.runtime, policy } : undefined;
  };
  return intercept({ site, original, kind: kindOfFunction(original), wayOf });
}

function intercept({ site, original, wayOf, kind: declared }: Interception): AnyMethod {
  let kind = declared;
  function intercepted(this: unknown, ...args: unknown[]): unknown {
    const way = wayOf(this);
    if (!way?.runtime.accepts(way.policy)) return original.apply(this, args);
    const { runtime, instance, policy } = way;
    const invoke: InterceptedCall['invoke'] = (others) => Reflect.apply(original, this, others);
    const call: InterceptedCall = { policy, site, instance, args, invoke, isObservable: false };
    if (kind === 'promise') return runtime.run(call);
    const isChange = runtime.isChange(call);
    if (kind === 'observable' && !isChange) return replay(runtime, call);
    const result = isChange ? runAtOnce(runtime, call) : runUnknown(runtime, call);
    // Not known yet where it was neither: the next call may be another matter.
    kind ??= kindOfResult(result);
    return result;
  }
  const method = disguise(intercepted, original);
  if (declared !== null) markKind(method, declared);
  return method;
}

/**
 * Makes a call of which nobody knows what it will answer with, as it is. By the time that is known the method has run, with
 * its arguments changed perhaps and nobody asked for leave: too late for the cache.
 */
function runUnknown(runtime: InterceptionRuntime, call: InterceptedCall): unknown {
  runtime.passUnknown(call);
  const result = call.invoke(call.args);
  if (kindOfResult(result) === null) warnOfOther(runtime, call.site);
  return result;
}

function warnOfOther(runtime: InterceptionRuntime, { name }: MethodSite): void {
  runtime.warnOnce(
    `not-async ${name}`,
    `${name} is not cached: it answered neither a Promise nor an Observable, or more than that. Make it async, or take ` +
      `the decorator off`,
  );
}
