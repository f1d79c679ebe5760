import type { CacheKeyGenerator } from '../../core/key/cache-key-generator.js';
import { kindOf, type ValueKind } from '../../core/ports/value-kind.js';
import { isPlainObject } from '../options/plain-object.js';

/**
 * What is stored of one result of a context builder: for an object what the method made of it, else the result. `parts`:
 * the fields that were made; the names of all fields in their order; whether the result has every field of the request, as
 * `{ ...request, messages }` does, so that another request's further fields would have come back too; whether it has no
 * prototype.
 */
export type StoredContext =
  | readonly ['whole', unknown]
  | readonly ['parts', Readonly<Record<string, unknown>>, readonly string[], boolean, boolean];

/** A value by its content: two are the same if nothing but the object identity tells them apart. */
type Fingerprint = { readonly hash: string } | { readonly value: unknown };

/** Tells what a context builder made from what merely came in with its request. */
export class ContextFields {
  private readonly before: ReadonlyMap<string, Fingerprint>;
  /** Fields of texts and objects that another request may have in their place. */
  private readonly inputs: readonly (readonly [name: string, value: unknown])[];

  /**
   * Looks at `request` as it is now: make it before the method runs, since a method may change what it was given. `keyed`:
   * fields that are the same in every call that is answered alike.
   */
  constructor(
    private readonly keys: CacheKeyGenerator,
    request: unknown,
    private readonly keyed: readonly string[],
  ) {
    const fields = Object.entries(fieldsOf(request));
    this.before = new Map(fields.map(([name, value]) => [name, this.fingerprintOf(value)]));
    this.inputs = fields.filter(([name, value]) => !keyed.includes(name) && isTelling(value));
  }

  /** `null`: what came in stands deeper or under another name, where it is not known what another request would put. */
  split(result: unknown): StoredContext | null {
    if (isMadeOfFields(result)) return this.partsOf(result);
    return this.holdsWhatCameIn(result) ? null : ['whole', result];
  }

  private partsOf(result: Record<string, unknown>): StoredContext | null {
    const names = Object.keys(result);
    if (names.some((name) => this.isRenamed(null, name))) return null;
    const made = names.filter((name) => name === 'messages' || !this.cameIn(name, result[name]));
    const others = made.filter((name) => name !== 'messages');
    if (others.some((name) => this.isRenamed(name, result[name]) || this.holdsWhatCameIn(result[name]))) return null;
    const isSpread = [...this.before.keys()].every((name) => Object.hasOwn(result, name));
    const fields = Object.fromEntries(made.map((name) => [name, result[name]]));
    return ['parts', fields, names, isSpread, Object.getPrototypeOf(result) === null];
  }

  /** In one of its fields or items, or in a field of these. */
  private holdsWhatCameIn(value: unknown): boolean {
    if (Array.isArray(value)) return value.some((item) => this.isRenamed(null, item) || this.hasFieldThatCameIn(item));
    if (isOfKind('set', value)) return this.holdsWhatCameIn([...(value as Set<unknown>)]);
    return this.hasFieldThatCameIn(value);
  }

  private hasFieldThatCameIn(item: unknown): boolean {
    return entriesOf(item).some(([key, value]) => {
      const name = typeof key === 'string' ? key : null;
      if (this.isRenamed(name, value) || this.isRenamed(null, key)) return true;
      return name !== null && !this.keyed.includes(name) && this.cameIn(name, value);
    });
  }

  /** Whether it came in under another name than `name`. */
  private isRenamed(name: string | null, value: unknown): boolean {
    const others = this.inputs.filter(([input]) => input !== name);
    if (others.some(([, given]) => given === value)) return true;
    // A copy says as much, unless there is nothing in it.
    if (typeof value !== 'object' || value === null || Object.keys(value).length === 0) return false;
    const objects = others.filter(([, given]) => typeof given === 'object');
    const present = objects.length > 0 ? this.fingerprintOf(value) : null;
    return present !== null && objects.some(([input]) => areSame(this.before.get(input), present));
  }

  private cameIn(name: string, value: unknown): boolean {
    return this.before.has(name) && areSame(this.before.get(name), this.fingerprintOf(value));
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

function areSame(before: Fingerprint | undefined, after: Fingerprint): boolean {
  if (!before) return false;
  if ('hash' in before) return 'hash' in after && after.hash === before.hash;
  return 'value' in after && Object.is(after.value, before.value);
}

/** The result again, with what came in with a request taken from `request`. */
export function joinContext(stored: StoredContext, request: unknown): unknown {
  if (stored[0] === 'whole') return stored[1];
  const [, made, names, isSpread, isBare] = stored;
  const present = fieldsOf(request);
  const fields = orderedNames(made, names, isSpread ? Object.keys(present) : []).flatMap(
    (name): [string, unknown][] => {
      if (Object.hasOwn(made, name)) return [[name, made[name]]];
      return Object.hasOwn(present, name) ? [[name, present[name]]] : [];
    },
  );
  const result: object = Object.fromEntries(fields);
  return isBare ? Object.setPrototypeOf(result, null) : result;
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

const isOfKind = (kind: ValueKind, value: unknown): boolean =>
  typeof value === 'object' && value !== null && kindOf(value) === kind;

/** Fields, or entries of a Map. */
function entriesOf(value: unknown): (readonly [key: unknown, value: unknown])[] {
  if (isOfKind('map', value)) return [...(value as Map<unknown, unknown>)];
  return isMadeOfFields(value) ? Object.entries(value) : [];
}

/** A request may be an instance of a class, such as a validated body. */
function fieldsOf(request: unknown): Readonly<Record<string, unknown>> {
  return typeof request === 'object' && request !== null ? (request as Record<string, unknown>) : {};
}

/** Whether finding it in a result says that it came from the request: a number or `true` stands there by chance. */
const isTelling = (value: unknown): boolean => (typeof value === 'string' ? value !== '' : fieldsOf(value) === value);

/** Whether plain data properties are all there is to it. */
function isMadeOfFields(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  if (!['plain', 'null-prototype'].includes(kindOf(value))) return false;
  const properties = Reflect.ownKeys(value).map((key) => [key, Reflect.getOwnPropertyDescriptor(value, key)] as const);
  return properties.every(([key, own]) => typeof key === 'string' && own?.enumerable === true && 'value' in own);
}
