import type { MethodPolicy } from '../../agent/method-policy.js';
import { type CacheSlot, expectSlot, type InterceptedCall, type InterceptionRuntime, slotOf } from './cache-slot.js';
import { disguise } from './disguise.js';
import { layersOf, methodName, type MethodSite } from './method-site.js';
import { replay } from './replay.js';
import { declaredKind, kindOfResult, type ReturnKind } from './return-kind.js';

/** Any method or function, as it is when nothing is known of it. */
export type AnyMethod = (this: unknown, ...args: unknown[]) => unknown;

type CacheableKind = Exclude<ReturnKind, 'other'>;
type Invoke = InterceptedCall['invoke'];

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
  return intercept({ site, original, kind: null, wayOf });
}

function intercept({ site, original, wayOf, kind: declared }: Interception): AnyMethod {
  let kind: ReturnKind | null = declared;
  function intercepted(this: unknown, ...args: unknown[]): unknown {
    const way = kind === 'other' ? undefined : wayOf(this);
    if (!way?.runtime.accepts(way.policy)) return original.apply(this, args);
    const invoke: Invoke = (others) => Reflect.apply(original, this, others);
    if (kind === 'promise' || kind === 'observable') return answer(way, kind, { site, args, invoke });
    const first = invoke(args);
    kind = kindOfResult(first);
    if (kind !== 'other') return answer(way, kind, { site, args, invoke: startingWith(first, kind, args, invoke) });
    warnOfOther(way.runtime, site);
    return first;
  }
  return disguise(intercepted, original);
}

function answer(
  { runtime, instance, policy }: Way,
  kind: CacheableKind,
  { site, args, invoke }: Pick<InterceptedCall, 'site' | 'args' | 'invoke'>,
): unknown {
  if (kind === 'promise') return runtime.run({ policy, site, instance, args, invoke, isObservable: false });
  return replay(async (collect) => {
    const invokeAll: Invoke = (others) => collect(invoke(others));
    const outcome = await runtime.run({ policy, site, instance, args, invoke: invokeAll, isObservable: true });
    for (const result of Array.isArray(outcome) ? outcome : []) runtime.adoptOutcome(result, outcome);
    return outcome;
  });
}

/** The method has run already, to learn what it answers with: for the same arguments that was the answer. */
function startingWith(first: unknown, kind: CacheableKind, own: readonly unknown[], invoke: Invoke): Invoke {
  // Nobody may ever wait for it, as when the answer comes from the cache.
  if (kind === 'promise') (first as Promise<unknown>).catch(() => undefined);
  return (args) => (args === own ? first : invoke(args));
}

function warnOfOther(runtime: InterceptionRuntime, { name }: MethodSite): void {
  runtime.warnOnce(
    `not-async ${name}`,
    `${name} is not cached, and invalidates nothing: it answered neither a Promise nor an Observable. Make it async, or ` +
      `take the decorator off`,
  );
}
