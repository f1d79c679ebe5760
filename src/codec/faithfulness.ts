import { Refusal } from '../core/ports/refusal.js';
import { classNameOf, isDense, kindOf, typedArrayName, type ValueKind } from '../core/ports/value-kind.js';
import { isTypedArrayName } from './typed-arrays.js';

const MAX_DEPTH = 1_000;

/**
 * Whether `value` needs tags to come back equal; `false`: JSON alone brings it back. Throws `Refusal` where neither
 * does, because a hit would then differ from the miss that stored it.
 */
export function needsTags(value: unknown, depth = 1): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return false;
    case 'number':
      return !Number.isFinite(value) || Object.is(value, -0);
    case 'undefined':
    case 'bigint':
      return true;
    case 'object':
      return value !== null && objectNeedsTags(value, depth);
    default:
      throw new Refusal(`a ${typeof value}`);
  }
}

function objectNeedsTags(value: object, depth: number): boolean {
  if (depth > MAX_DEPTH) throw new Refusal(`nested deeper than ${MAX_DEPTH} levels`);
  const kind = kindOf(value);
  if (kind === 'plain') return propertiesNeedTags(value, depth);
  if (kind === 'array') return itemsNeedTags(value as unknown[], depth);
  if (kind === 'null-prototype') propertiesNeedTags(value, depth);
  else checkOther(value, kind, depth);
  return true;
}

/** Values are taken from the descriptors, so that no getter runs. */
function propertiesNeedTags(object: object, depth: number): boolean {
  const keys = Object.keys(object);
  refuseSymbols(object);
  if (Object.getOwnPropertyNames(object).length > keys.length) throw new Refusal('an object with hidden properties');
  let needs = false;
  let index = 0;
  try {
    for (; index < keys.length; index++) {
      const property = Object.getOwnPropertyDescriptor(object, keys[index] as string);
      if (property?.get || property?.set) throw new Refusal('a getter or setter');
      if (needsTags(property?.value, depth + 1)) needs = true;
    }
  } catch (error) {
    throw Refusal.from(error).within(object, keys[index] as string);
  }
  return needs;
}

function itemsNeedTags(items: readonly unknown[], depth: number): boolean {
  refuseSymbols(items);
  if (!isDense(items)) throw new Refusal('an array with holes, or with properties besides its items');
  let needs = false;
  let index = 0;
  try {
    for (; index < items.length; index++) if (needsTags(items[index], depth + 1)) needs = true;
  } catch (error) {
    throw Refusal.from(error).within(items, index);
  }
  return needs;
}

function checkOther(value: object, kind: ValueKind, depth: number): void {
  if (kind === 'buffer' || (kind === 'typed-array' && isTypedArrayName(typedArrayName(value)))) return;
  if (kind === 'instance' || kind === 'typed-array') {
    throw new Refusal(`an instance of ${classNameOf(value) || 'a class'}`);
  }
  if (Reflect.ownKeys(value).length > 0) throw new Refusal(`a ${classNameOf(value)} with properties of its own`);
  if (kind === 'set')
    checkEach(
      value,
      Array.from(value as Set<unknown>, (item) => [item]),
      depth,
    );
  if (kind === 'map') checkEach(value, Array.from(value as Map<unknown, unknown>), depth);
}

/** All parts of an entry count as one place. */
function checkEach(container: object, entries: readonly (readonly unknown[])[], depth: number): void {
  entries.forEach((entry, index) => {
    Refusal.at(container, index, () => entry.forEach((part) => needsTags(part, depth + 1)));
  });
}

function refuseSymbols(object: object): void {
  if (Object.getOwnPropertySymbols(object).length > 0) throw new Refusal('an object with a symbol as a key');
}
