import type { MethodPolicy } from '../../agent/calls/method-policy.js';
import { isOfClass } from '../../agent/options/option-rules.js';
import type { AsyncMethod } from '../interception/async-method.js';
import { interceptMethod } from '../interception/intercept-method.js';
import { methodName } from '../interception/method-site.js';

/** Whether functions that take `A` can be called with the arguments of `M`; where not, the property names the mistake. */
type Takes<A extends readonly unknown[], M extends AsyncMethod> = ((...args: A) => void) extends (
  ...args: Parameters<M>
) => void
  ? unknown
  : { readonly 'functions among the options take other arguments than the method': never };

/** A class has a prototype, its instances have none. */
interface NotStatic {
  readonly prototype?: never;
}

/**
 * For a method that answers a Promise or an Observable. `A`: arguments that functions among the options take; `I`: their
 * `this`.
 */
export type CacheDecorator<A extends readonly unknown[], I> = <M extends AsyncMethod>(
  target: I & NotStatic,
  key: string | symbol,
  descriptor: TypedPropertyDescriptor<M> & Takes<A, M>,
) => void;

/**
 * Puts the cache around a method. Throws `TypeError`, when the class is defined, for a wrong option and for what is no
 * method that can be cached; it names the method and says what to do.
 */
export function cacheDecorator<A extends readonly unknown[], I, O>(
  options: O,
  createPolicy: (options: O) => MethodPolicy,
): CacheDecorator<A, I> {
  // Written without parentheses, what is answered here is never called: now or never it can be said.
  if (isOfClass(options)) createPolicy(options);
  return (target, key, descriptor: PropertyDescriptor | undefined) => {
    const prototype = target as object;
    assertOnMethod(prototype, key);
    const policy = named(prototype, key, () => createPolicy(options));
    const intercepted = interceptMethod(prototype, key, descriptor?.value, policy);
    if (descriptor) descriptor.value = intercepted;
  };
}

/** A decorator on a class gets no key. */
function assertOnMethod(target: object, key: string | symbol | undefined): void {
  if (key !== undefined) return;
  const { name } = target as { readonly name?: string };
  throw new TypeError(`the decorator stands on the class ${name}: put it on the methods that are to be cached`);
}

function named(prototype: object, key: string | symbol, createPolicy: () => MethodPolicy): MethodPolicy {
  try {
    return createPolicy();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TypeError(`${methodName(prototype, key)}: ${reason}`, { cause: error });
  }
}
