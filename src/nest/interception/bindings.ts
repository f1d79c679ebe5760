import type { Type } from '@nestjs/common';
import type { MethodPolicy } from '../../agent/calls/method-policy.js';
import type { AsyncMethod } from './async-method.js';
import { type AnyMethod, interceptMethod } from './intercept-method.js';

/** A policy for methods that can be called with `A`. */
export interface PolicyFor<A extends readonly unknown[]> extends MethodPolicy {
  /** Never set: it lets the compiler compare the arguments of a policy's functions with those of a method. */
  readonly takes?: (...args: A) => void;
}

/** Policies for methods of a class, or of the object that a token provides. */
export interface CacheBinding {
  /** The class, or the token. */
  readonly target: Type | string | symbol;
  /** By name of the method. */
  readonly methods: Readonly<Record<string | symbol, MethodPolicy>>;
}

/** For each method of `T` that can be cached, a policy whose functions take its arguments. */
export type BoundMethods<T> = {
  readonly [K in keyof T as T[K] extends AsyncMethod ? K : never]?: T[K] extends AsyncMethod
    ? PolicyFor<Parameters<T[K]>>
    : never;
};

/**
 * Puts the cache around methods of a class, or of the object provided under a token, from outside; goes into
 * `bindings` of `CacheModule`: `bindCache(PriceClient, { of: Cacheable.policy({ ttl: '5m' }) })`.
 */
export function bindCache<T extends object>(
  target: abstract new (...args: never[]) => T,
  methods: BoundMethods<T>,
): CacheBinding;
export function bindCache<T extends object = Record<string, AsyncMethod>>(
  target: string | symbol,
  methods: BoundMethods<T>,
): CacheBinding;
export function bindCache(target: unknown, methods: object): CacheBinding {
  return { target: target as CacheBinding['target'], methods: methods as CacheBinding['methods'] };
}

/** Methods that were intercepted for bindings: they have no policy of their own. */
const BOUND = Symbol('nestjs-agent-cache:bound');

/**
 * Intercepts a method on the prototype of a class, for all apps of the process: each app's slot has its own policy for
 * it, or none. Answers the interception; `undefined` where the class has no such method.
 */
export function armMethod(target: Type, key: string | symbol): AnyMethod | undefined {
  const prototype = target.prototype as object;
  const inherited = findDescriptor(prototype, key);
  if (!inherited) return undefined;
  const { owner, descriptor } = inherited;
  if (owner === prototype && isBound(descriptor.value)) return descriptor.value;
  const value = interceptMethod(prototype, key, descriptor.value, undefined, owner);
  Object.defineProperty(value, BOUND, { value: true });
  Object.defineProperty(prototype, key, { ...descriptor, value });
  return value;
}

function findDescriptor(
  prototype: object,
  key: string | symbol,
): { owner: object; descriptor: PropertyDescriptor } | undefined {
  for (let owner: object | null = prototype; owner; owner = Object.getPrototypeOf(owner) as object | null) {
    const descriptor = Object.getOwnPropertyDescriptor(owner, key);
    if (descriptor) return { owner, descriptor };
  }
  return undefined;
}

function isBound(method: unknown): method is AnyMethod {
  return typeof method === 'function' && Object.hasOwn(method, BOUND);
}
