import type { MethodPolicy } from '../../agent/calls/method-policy.js';
import { type CacheSlot, expectSlot, type InterceptedCall, type InterceptionRuntime, slotOf } from './cache-slot.js';
import { disguise } from './disguise.js';
import { layersOf, methodName, type MethodSite } from './method-site.js';
import { isNeverCached } from './never-cached.js';
import { replay } from './replay.js';
import { type CacheableKind, declaredKind, kindOfFunction, kindOfResult, markKind } from './return-kind.js';
import { runAtOnce } from './run-at-once.js';
import { replayPromisedStream, replayStream } from './streams/replay-stream.js';

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
  /** Whether its results are never stored. Asked at calls, since it may be marked after it was intercepted. */
  readonly isNeverCached: () => boolean;
  /** `undefined`: the call is not for the cache. */
  readonly wayOf: (self: unknown) => Way | undefined;
}

/**
 * The method `key` of a class, replaced by one that asks the cache of the app its instance belongs to. Without a policy of
 * its own it takes the one that the app's bindings give it. Where there is no app, no open cache or no policy, it is the
 * original. `declaredBy`: who holds the method, where `prototype` has inherited it. Throws `TypeError` for what cannot be
 * cached.
 */
export function interceptMethod(
  prototype: object,
  key: string | symbol,
  method: unknown,
  ownPolicy?: MethodPolicy,
  declaredBy: object = prototype,
): AnyMethod {
  const kind = declaredKind(prototype, key, method);
  if (ownPolicy?.stream === 'replay') assertReplayable(prototype, key, method, kind);
  const original = method as AnyMethod;
  const site = { owner: prototype, key, name: methodName(prototype, key), layer: layersOf(original) };
  expectSlot(prototype);
  const intercepted = intercept({
    site,
    original,
    kind,
    isNeverCached: () => isNeverCached(declaredBy, key),
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
  const isNever = isNeverCached(instance, key, true);
  return intercept({ site, original, kind: kindOfFunction(original), isNeverCached: () => isNever, wayOf });
}

function intercept({ site, original, wayOf, isNeverCached: isNever, kind: declared }: Interception): AnyMethod {
  let kind = declared;
  let never: boolean | null = null;
  function intercepted(this: unknown, ...args: unknown[]): unknown {
    const way = wayOf(this);
    if (!way?.runtime.accepts(way.policy)) return original.apply(this, args);
    const { runtime, instance, policy } = way;
    const invoke: InterceptedCall['invoke'] = (others) => Reflect.apply(original, this, others);
    const call: InterceptedCall = { policy, site, instance, args, invoke, isObservable: false };
    never ??= isNever();
    if (kind === 'promise' && !never && policy.stream === undefined) return runtime.run(call);
    const isChange = runtime.isChange(call);
    if (!isChange && (never || kind !== null)) return runKnown(runtime, call, never ? null : kind);
    if (kind === 'promise') return runtime.run(call);
    const result = isChange ? runAtOnce(runtime, call) : runUnknown(runtime, call);
    // Not known yet where it was none of them: the next call may be another matter.
    kind ??= kindOfResult(result);
    return result;
  }
  const method = disguise(intercepted, original);
  if (declared !== null) markKind(method, declared);
  return method;
}

/** Makes a call that changes nothing. `kind` is `null` where nothing of it may be stored. */
function runKnown(runtime: InterceptionRuntime, call: InterceptedCall, kind: CacheableKind | null): unknown {
  const isReplayed = call.policy.stream === 'replay';
  if (kind === 'promise') return isReplayed ? replayPromisedStream(runtime, call) : runtime.run(call);
  if (kind === 'observable') return replay(runtime, call);
  if (kind === 'stream' && isReplayed) return replayStream(runtime, call);
  runtime.bypass(call, kind === null ? 'never-cache' : 'stream');
  return call.invoke(call.args);
}

/** A class of streams has more than chunks, which a hit has not. */
function assertReplayable(prototype: object, key: string | symbol, method: unknown, kind: CacheableKind | null): void {
  if (kind !== 'stream' || kindOfFunction(method as object) === 'stream') return;
  throw new TypeError(
    `${methodName(prototype, key)} is declared to answer a stream of a class: with stream: 'replay' a hit is an ` +
      `AsyncIterable and no more, so declare AsyncIterable or AsyncGenerator`,
  );
}

/**
 * Makes a call of which nobody knows what it will answer with, as it is. By the time that is known the method has run, with
 * its arguments changed perhaps and nobody asked for leave: too late for the cache.
 */
function runUnknown(runtime: InterceptionRuntime, call: InterceptedCall): unknown {
  let kind: CacheableKind | null = null;
  try {
    const result = call.invoke(call.args);
    kind = kindOfResult(result);
    if (kind === null) warnOfOther(runtime, call.site);
    return result;
  } finally {
    runtime.bypass(call, kind === 'stream' && call.policy.stream === undefined ? 'stream' : 'unknown-return');
  }
}

function warnOfOther(runtime: InterceptionRuntime, { name }: MethodSite): void {
  runtime.warnOnce(
    `not-async ${name}`,
    `${name} is not cached: it answered neither a Promise nor an Observable, or more than that. Make it async, or take ` +
      `the decorator off`,
  );
}
