import { methodName } from '../interception/method-site.js';
import { markNeverCached } from '../interception/never-cached.js';

/** For any method of the instances of a class, and for a property that holds one. */
export type NeverCacheDecorator = (
  target: object & { readonly prototype?: never },
  key: string | symbol,
  descriptor?: PropertyDescriptor,
) => void;

/**
 * The results of the method are never stored, whatever other decorators and bindings say, in whatever order they stand: for
 * traces and working state. What the method invalidates, it does so all the same. It holds for the method as it is declared
 * here, inherited or not; a subclass that declares it anew marks it anew.
 */
export function NeverCache(...misplaced: readonly never[]): NeverCacheDecorator {
  if (misplaced.length > 0) throw new TypeError('@NeverCache takes no options, but parentheses: write @NeverCache()');
  return (target, key) => {
    // A decorator on a class gets no key.
    if ((key as unknown) === undefined || typeof target === 'function')
      throw new TypeError(`${nameOf(target, key)}: @NeverCache() stands on methods of instances alone`);
    markNeverCached(target, key);
  };
}

function nameOf(target: object, key: string | symbol | undefined): string {
  const { name } = target as { readonly name?: string };
  if (typeof target !== 'function' && key !== undefined) return methodName(target, key);
  return key === undefined ? `the class ${name ?? ''}` : `${name ?? ''}.${String(key)}`;
}
