import { ask, type Hook } from '../calls/caching-options.js';
import type { MethodCall, MethodServices } from '../calls/method-policy.js';

/** What a `key` function may answer: plain data, never nothing. */
export type KeyPart =
  string | number | boolean | bigint | Date | readonly unknown[] | Readonly<Record<string, unknown>>;

/**
 * The key that `@Cacheable` and `@CacheEvict` agree on: the namespace, then what `key` answers. Throws where it answers
 * `null` or `undefined`, which all calls without an id would share.
 */
export function namedKey(
  call: MethodCall,
  { keys }: MethodServices,
  namespace: string,
  key: Hook<never, never, KeyPart | null | undefined>,
): string {
  return keys.key(namespace, keyPart(call, key));
}

/** What a `key` function answers; throws where that is nothing. */
export function keyPart<T>(call: MethodCall, key: Hook<never, never, T>): NonNullable<T> {
  const part = ask(call, key);
  if (part === undefined || part === null) throw new TypeError('key() answered nothing');
  return part;
}

/**
 * Tag of all entries under a {@link namedKey}, whoever asked and whatever `vary` answered, by which `@CacheEvict` finds
 * them. It begins with `~`, as all that is the cache's own.
 */
export const tagOfKey = (key: string): string => `~${key}`;
