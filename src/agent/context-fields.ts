import type { CacheKeyGenerator } from '../core/key/cache-key-generator.js';
import { isPlainObject } from './plain-object.js';

/**
 * What is stored of one result of a context builder: all of it, or, for an object with `messages`, what the method made.
 * `parts`: the fields that were made; the names of all fields in their order; whether the result has every field of the
 * request, as `{ ...request, messages }` does, so that another request's further fields would have come back too.
 */
export type StoredContext =
  readonly ['whole', unknown] | readonly ['parts', Readonly<Record<string, unknown>>, readonly string[], boolean];

/** A value by its content: two are the same if nothing but the object identity tells them apart. */
type Fingerprint = { readonly hash: string } | { readonly value: unknown };

/** Tells what a context builder made from what merely came in with its request. */
export class ContextFields {
  private readonly before: ReadonlyMap<string, Fingerprint>;

  /** Looks at `request` as it is now: make it before the method runs, since a method may change what it was given. */
  constructor(
    private readonly keys: CacheKeyGenerator,
    request: unknown,
  ) {
    this.before = new Map(Object.entries(fieldsOf(request)).map(([name, value]) => [name, this.fingerprintOf(value)]));
  }

  split(result: unknown): StoredContext {
    if (!isMadeOfFields(result) || !Object.hasOwn(result, 'messages')) return ['whole', result];
    const names = Object.keys(result);
    const made = names.filter((name) => name === 'messages' || !this.cameIn(name, result[name]));
    const isSpread = [...this.before.keys()].every((name) => Object.hasOwn(result, name));
    return ['parts', Object.fromEntries(made.map((name) => [name, result[name]])), names, isSpread];
  }

  private cameIn(name: string, value: unknown): boolean {
    const before = this.before.get(name);
    if (!before) return false;
    const after = this.fingerprintOf(value);
    if ('hash' in before) return 'hash' in after && after.hash === before.hash;
    return 'value' in after && Object.is(after.value, before.value);
  }

  private fingerprintOf(value: unknown): Fingerprint {
    if (typeof value !== 'object' || value === null) return { value };
    try {
      return { hash: this.keys.hash(value) };
    } catch {
      // No canonical form, such as a class instance: then only the very same object is the same.
      return { value };
    }
  }
}

/** The result again, with what came in with a request taken from `request`. */
export function joinContext(stored: StoredContext, request: unknown): unknown {
  if (stored[0] === 'whole') return stored[1];
  const [, made, names, isSpread] = stored;
  const present = fieldsOf(request);
  const fields = orderedNames(made, names, isSpread ? Object.keys(present) : []).flatMap(
    (name): [string, unknown][] => {
      if (Object.hasOwn(made, name)) return [[name, made[name]]];
      return Object.hasOwn(present, name) ? [[name, present[name]]] : [];
    },
  );
  return Object.fromEntries(fields);
}

/** Whether it is what `split` answers, as it comes back from a cache. */
export function isStoredContext(value: unknown): value is StoredContext {
  if (!Array.isArray(value)) return false;
  const [form, made, names] = value as unknown[];
  return form === 'whole' ? value.length === 2 : form === 'parts' && isPlainObject(made) && Array.isArray(names);
}

/** Further fields of the present request stand where those of the first one stood. */
function orderedNames(made: object, names: readonly string[], present: readonly string[]): string[] {
  const further = present.filter((name) => !names.includes(name));
  const end = names.findLastIndex((name) => !Object.hasOwn(made, name)) + 1;
  return [...names.slice(0, end), ...further, ...names.slice(end)];
}

/** A request may be an instance of a class, such as a validated body. */
function fieldsOf(request: unknown): Readonly<Record<string, unknown>> {
  return typeof request === 'object' && request !== null ? (request as Record<string, unknown>) : {};
}

/** Whether plain data properties are all there is to it. */
function isMadeOfFields(value: unknown): value is Record<string, unknown> {
  if (!isPlainObject(value)) return false;
  const properties = Reflect.ownKeys(value).map((key) => [key, Reflect.getOwnPropertyDescriptor(value, key)] as const);
  return properties.every(([key, own]) => typeof key === 'string' && own?.enumerable === true && 'value' in own);
}
