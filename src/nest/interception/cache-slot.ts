import { Global, Inject, Injectable, Module, Optional } from '@nestjs/common';
import type { MethodPolicy } from '../../agent/calls/method-policy.js';
import type { BypassReason } from '../../core/events.js';
import type { MethodSite } from './method-site.js';

/** A call on its way to the cache. */
export interface InterceptedCall {
  readonly policy: MethodPolicy;
  readonly site: MethodSite;
  readonly instance: object;
  readonly args: readonly unknown[];
  /**
   * Runs the original method; may throw. Answers what it answered; for an Observable, and a stream that is recorded, a
   * promise of all that it emitted.
   */
  readonly invoke: (args: readonly unknown[]) => unknown;
  /** Whether an outcome is an array of several values, as of an Observable. */
  readonly isObservable: boolean;
  /** For those: as `MethodCall.pass`. */
  readonly stream?: (onLeave?: () => Promise<unknown>) => Promise<unknown>;
  /** For an Observable: as `invoke`, for nobody, so that it is not over when the subscriber leaves. */
  readonly alone?: (args: readonly unknown[]) => Promise<unknown>;
  /** For an Observable: who the call is made for. */
  readonly subscriber?: object;
}

/** What runs calls through the cache of one app. */
export interface InterceptionRuntime {
  /** `false`: the cache, or this part of it, is disabled or closed, so that the method runs untouched. */
  accepts(policy: MethodPolicy): boolean;
  /** Whether the call changes what is cached, so that it is never answered from the cache. */
  isChange(call: InterceptedCall): boolean;
  /** Counts a call that runs past the cache without being looked at. */
  bypass(call: InterceptedCall, reason: BypassReason): void;
  /** The most that is kept of a stream, in encoded bytes. */
  readonly maxValueBytes: number;
  /** Rejects only with what the method, or a hook of the app, threw. */
  run(call: InterceptedCall): Promise<unknown>;
  /** Lets `outcomeOf(result)` tell what it tells of `source`. */
  adoptOutcome(result: unknown, source: unknown): void;
  warnOnce(topic: string, message: string): void;
}

/**
 * Where the methods of one app find its cache.
 *
 * A leaf of the app's dependency graph: a provider with a cached method depends on this and on nothing behind it, so a
 * provider that the cache itself is configured from may have cached methods too.
 */
@Injectable()
export class CacheSlot {
  /** Tells a slot from what a test's `useMocker()` hands out in its place. */
  readonly #genuine = true;
  /** `null` before the cache is up and after it is gone: methods then run untouched. */
  runtime: InterceptionRuntime | null = null;
  /** Policies of the app's bindings, by the method they were given for. */
  readonly boundPolicies = new Map<unknown, MethodPolicy>();

  static isSlot(value: unknown): value is CacheSlot {
    return typeof value === 'object' && value !== null && #genuine in value;
  }
}

/** Global, so that every provider of the app gets the slot, whether or not it can see the cache's module. */
@Global()
@Module({ providers: [CacheSlot], exports: [CacheSlot] })
export class CacheSlotModule {}

const SLOT = Symbol('nestjs-agent-cache:slot');

/**
 * The slot of each instance; `null` for an instance that two apps share. It holds nothing of the apps beyond the life of
 * the instance, and stands in for a field that frozen instances cannot be given.
 */
const slots = new WeakMap<object, CacheSlot | null>();

/** `undefined`: nobody asked for the instance to be cached. */
export function slotOf(instance: unknown): CacheSlot | undefined {
  return (typeof instance === 'object' && instance !== null && slots.get(instance)) || undefined;
}

/** Whether instances of this shape have cached methods. */
export const expectsSlot = (instance: object): boolean => SLOT in instance;

/** `false`: the instance belongs to another app too, so that neither of their caches may answer for it. */
export function bindSlot(instance: object, slot: CacheSlot): boolean {
  const bound = slots.get(instance);
  const isShared = bound === null || (bound !== undefined && bound !== slot && bound.runtime !== null);
  slots.set(instance, isShared ? null : slot);
  return !isShared;
}

/** Asks Nest to hand the slot to every instance of the class that owns `prototype`, and of its subclasses. */
export function expectSlot(prototype: object): void {
  if (SLOT in prototype) return;
  Object.defineProperty(prototype, SLOT, {
    configurable: true,
    set(this: object, slot: unknown) {
      if (CacheSlot.isSlot(slot)) bindSlot(this, slot);
    },
    get(this: object) {
      return slotOf(this);
    },
  });
  Inject(CacheSlot)(prototype, SLOT);
  Optional()(prototype, SLOT);
}
