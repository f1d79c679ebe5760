import 'reflect-metadata';
import { types } from 'node:util';
import { isObservable } from 'rxjs';
import { isStream } from '../../agent/streams/is-stream.js';
import { methodName } from './method-site.js';

/** What a method answers with that can be cached. `stream`: an `AsyncIterable`, at once. */
export type CacheableKind = 'promise' | 'observable' | 'stream';

const WAY_OUT =
  'only a method that answers a Promise or an Observable can be cached: make it async, or take the decorator off';

/**
 * What the method `key` answers with, as its declaration says; `null` where that says nothing. Throws `TypeError`, naming
 * the method and what to do, for what can never be cached.
 */
export function declaredKind(prototype: object, key: string | symbol, method: unknown): CacheableKind | null {
  const name = methodName(prototype, key);
  if (typeof prototype === 'function') {
    throw new TypeError(
      `${prototype.name}.${String(key)} is static: only methods of the instances of a provider can be cached`,
    );
  }
  if (typeof method !== 'function') throw new TypeError(`${name} is not a method: ${WAY_OUT}`);
  if (types.isGeneratorFunction(method) && !types.isAsyncFunction(method))
    throw new TypeError(`${name} is a generator: ${WAY_OUT}`);
  return kindOfFunction(method) ?? kindOfType(Reflect.getMetadata('design:returntype', prototype, key), name);
}

const KIND = Symbol('nestjs-agent-cache:kind');

/** Tells those who intercept an interception what it answers with: it is no async function itself. */
export function markKind(interception: object, kind: CacheableKind): void {
  Object.defineProperty(interception, KIND, { value: kind, configurable: true });
}

/** What a function always answers with, as it shows in itself; `null` where it does not. */
export function kindOfFunction(method: object): CacheableKind | null {
  if (types.isAsyncFunction(method)) return types.isGeneratorFunction(method) ? 'stream' : 'promise';
  return (method as { readonly [KIND]?: CacheableKind })[KIND] ?? null;
}

/**
 * What a result is; `null` for what is none of them, or more than that, such as a Promise that can be cancelled or a Subject: it
 * is left as it is.
 */
export function kindOfResult(result: unknown): CacheableKind | null {
  if (types.isPromise(result)) return isPlainPromise(result) ? 'promise' : null;
  try {
    const { next, operator } = (result ?? {}) as { readonly next?: unknown; readonly operator?: unknown };
    // What is piped from a Subject inherits its `next`, but is an Observable to whoever made it.
    const isSubject = typeof next === 'function' && operator === undefined;
    if (!isSubject && isObservable(result)) return 'observable';
    return isStream(result) ? 'stream' : null;
  } catch {
    // A proxy that refuses to be looked at.
    return null;
  }
}

/** Node itself marks promises with symbols, to follow asynchronous contexts. */
function isPlainPromise(promise: Promise<unknown>): boolean {
  const prototype = Object.getPrototypeOf(promise) as Promise<unknown> | null;
  return Object.getOwnPropertyNames(promise).length === 0 && isNativePromise(prototype?.constructor);
}

/** Every realm, such as that of a test runner, has a class of its own; libraries give their own the same name. */
function isNativePromise(type: unknown): boolean {
  return (
    typeof type === 'function' &&
    type.name === 'Promise' &&
    Function.prototype.toString.call(type).includes('[native code]')
  );
}

/**
 * `Object` stands for everything the compiler has no class for. What is like a Promise or an Observable, and more, is
 * known once it has been seen.
 */
function kindOfType(type: unknown, name: string): CacheableKind | null {
  if (typeof type !== 'function' || type === Object) return null;
  if (isNativePromise(type)) return 'promise';
  if (type.name === 'Observable') return 'observable';
  const prototype = type.prototype as Readonly<Record<PropertyKey, unknown>> | undefined;
  if (typeof prototype?.then === 'function' || typeof prototype?.subscribe === 'function') return null;
  if (typeof prototype?.[Symbol.asyncIterator] === 'function') return 'stream';
  throw new TypeError(`${name} answers a ${type.name || 'value'} at once: ${WAY_OUT}`);
}
