import 'reflect-metadata';
import { types } from 'node:util';
import { isObservable } from 'rxjs';
import { methodName } from './method-site.js';

/** What a method answers with; `other` is neither, so that it cannot be cached. */
export type ReturnKind = 'promise' | 'observable' | 'other';

const WAY_OUT =
  'only a method that answers a Promise or an Observable can be cached: make it async, or take the decorator off';

/**
 * What the method `key` answers with, as its declaration says; `null` where that says nothing. Throws `TypeError`, naming
 * the method and what to do, for what can never be cached.
 */
export function declaredKind(
  prototype: object,
  key: string | symbol,
  method: unknown,
): Exclude<ReturnKind, 'other'> | null {
  const name = methodName(prototype, key);
  if (typeof prototype === 'function') {
    throw new TypeError(
      `${prototype.name}.${String(key)} is static: only methods of the instances of a provider can be cached`,
    );
  }
  if (typeof method !== 'function') throw new TypeError(`${name} is not a method: ${WAY_OUT}`);
  if (types.isGeneratorFunction(method)) throw new TypeError(`${name} is a generator: ${WAY_OUT}`);
  if (types.isAsyncFunction(method)) return 'promise';
  return kindOfType(Reflect.getMetadata('design:returntype', prototype, key), name);
}

/** What a result is. What is more than a Promise or an Observable, such as a Subject, is left as it is. */
export function kindOfResult(result: unknown): ReturnKind {
  if (types.isPromise(result)) return 'promise';
  try {
    const isSubject = typeof (result as { next?: unknown } | null | undefined)?.next === 'function';
    return !isSubject && isObservable(result) ? 'observable' : 'other';
  } catch {
    // A proxy that refuses to be looked at.
    return 'other';
  }
}

/**
 * `Object` stands for everything the compiler has no class for. What is like a Promise or an Observable, and more, is
 * known once it has been seen.
 */
function kindOfType(type: unknown, name: string): Exclude<ReturnKind, 'other'> | null {
  if (typeof type !== 'function' || type === Object) return null;
  if (type.name === 'Promise') return 'promise';
  if (type.name === 'Observable') return 'observable';
  const prototype = type.prototype as { then?: unknown; subscribe?: unknown } | undefined;
  if (typeof prototype?.then === 'function' || typeof prototype?.subscribe === 'function') return null;
  throw new TypeError(`${name} answers a ${type.name || 'value'} at once: ${WAY_OUT}`);
}
