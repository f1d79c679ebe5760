import { ask, type Hook } from './caching-options.js';
import type { MethodCall, MethodServices } from './method-policy.js';

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
  const part = ask(call, key);
  if (part === undefined || part === null) throw new TypeError('key() answered nothing');
  return keys.key(namespace, part);
}
