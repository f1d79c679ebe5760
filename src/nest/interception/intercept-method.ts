import type { MethodPolicy } from '../../agent/method-policy.js';
import { type CacheSlot, expectSlot, type InterceptedCall, type InterceptionRuntime, slotOf } from './cache-slot.js';
import { disguise } from './disguise.js';
import { layersOf, methodName, type MethodSite } from './method-site.js';
import { replay } from './replay.js';
import { declaredKind, kindOfResult, type ReturnKind } from './return-kind.js';

/** Any method or function, as it is when nothing is known of it. */
export type AnyMethod = (this: unknown, ...args: unknown[]) => unknown;

type CacheableKind = Exclude<ReturnKind, 'other'>;
type Call = Omit<InterceptedCall, 'invoke' | 'isObservable'>;
type Invoke = (args: readonly unknown[]) => unknown;

interface Interception {
  readonly site: MethodSite;
  readonly original: AnyMethod;
  /** `null`: not known before the first call. */
  readonly kind: CacheableKind | null;
  /** `undefined`: the call is not for the cache. */
  readonly wayOf: (
    self: unknown,
  ) => { instance: object; runtime: InterceptionRuntime; policy: MethodPolicy } | undefined;
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
    const { runtime, ...rest } = way;
    const call = { ...rest, site, args };
    const invoke: Invoke = (others) => original.apply(this, [...others]);
    if (kind === 'promise' || kind === 'observable') return answer(runtime, call, kind, invoke);
    const first = invoke(args);
    kind = kindOfResult(first);
    if (kind !== 'other') return answer(runtime, call, kind, startingWith(first, args, invoke));
    warnOfOther(runtime, site, first);
    return first;
  }
  return disguise(intercepted, original);
}

function answer(runtime: InterceptionRuntime, call: Call, kind: CacheableKind, invoke: Invoke): unknown {
  if (kind === 'promise') {
    return runtime.run({ ...call, isObservable: false, invoke: (args) => settled(() => invoke(args)) });
  }
  return replay(async (collect) => {
    const invokeAll = (args: readonly unknown[]): Promise<unknown> => settled(() => collect(invoke(args)));
    const outcome = await runtime.run({ ...call, isObservable: true, invoke: invokeAll });
    for (const result of Array.isArray(outcome) ? outcome : []) runtime.adoptOutcome(result, outcome);
    return outcome;
  });
}

/** A rejection where `work` throws. */
const settled = (work: () => unknown): Promise<unknown> => new Promise((resolve) => resolve(work()));

/** The method has run already, to learn what it answers with: for the same arguments that was the answer. */
function startingWith(first: unknown, own: readonly unknown[], invoke: Invoke): Invoke {
  // Nobody may ever wait for it, as when the answer comes from the cache.
  if (first instanceof Promise) first.catch(() => undefined);
  return (args) => (args === own ? first : invoke(args));
}

function warnOfOther(runtime: InterceptionRuntime, { name }: MethodSite, result: unknown): void {
  const type = typeof result === 'object' && result !== null ? result.constructor.name : typeof result;
  runtime.warnOnce(
    `not-async ${name}`,
    `${name} is not cached: it answers a ${type}, and only a Promise or an Observable can be cached. Make it async`,
  );
}
