import { isDeepStrictEqual, types } from 'node:util';
import { Refusal } from '../core/ports/refusal.js';
import {
  classNameOf,
  hasProperties,
  isDense,
  kindOf,
  typedArrayName,
  type TypedArray,
  type ValueKind,
} from '../core/ports/value-kind.js';
import { Walk } from '../core/ports/walk.js';
import { MAX_DIGITS } from './tagged-json.js';
import { isTypedArrayName } from './typed-arrays.js';

/**
 * Whether `value` needs tags to come back equal; `false`: JSON alone brings it back. Throws `Refusal` where neither
 * does, because a hit would then differ from the miss that stored it.
 */
export function needsTags(value: unknown, walk = new Walk()): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return false;
    case 'number':
      return !Number.isFinite(value) || Object.is(value, -0);
    case 'undefined':
      return true;
    case 'bigint':
      if (String(value).length > MAX_DIGITS) throw new Refusal(`a bigint of more than ${MAX_DIGITS} digits`);
      return true;
    case 'object':
      return value !== null && objectNeedsTags(value, walk);
    default:
      throw new Refusal(`a ${typeof value}`);
  }
}

/** A proxy may answer otherwise when it is read again, to be written. */
export function refuseProxy(value: object): void {
  if (types.isProxy(value)) throw new Refusal('a proxy');
}

/** Another view of the same bytes is equal to `bytes`, unless that has properties besides them. */
export function refuseMoreThanBytes(bytes: TypedArray): void {
  const bare: unknown = Uint8Array.prototype.subarray.call(bytes);
  if (!isDeepStrictEqual(bytes, bare)) throw new Refusal(`a ${classNameOf(bytes)} with properties of its own`);
}

/** `JSON.stringify` would write what that answers. It lies in a prototype that somebody changed. */
export function refuseToJson(value: object): void {
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function') throw new Refusal('an object with toJSON');
}

function objectNeedsTags(value: object, walk: Walk): boolean {
  walk.enter();
  refuseProxy(value);
  const kind = kindOf(value);
  let needs = true;
  if (kind === 'plain') needs = propertiesNeedTags(value, walk);
  else if (kind === 'array') needs = itemsNeedTags(value as unknown[], walk);
  else if (kind === 'null-prototype') propertiesNeedTags(value, walk);
  else checkOther(value, kind, walk);
  walk.leave();
  return needs;
}

/** Values are taken from the descriptors, so that no getter runs. */
function propertiesNeedTags(object: object, walk: Walk): boolean {
  const keys = Object.keys(object);
  refuseSymbols(object);
  if (Object.getOwnPropertyNames(object).length > keys.length) throw new Refusal('an object with hidden properties');
  walk.count(keys.length);
  let needs = false;
  let index = 0;
  try {
    for (; index < keys.length; index++) {
      const property = Object.getOwnPropertyDescriptor(object, keys[index] as string);
      if (property?.get || property?.set) throw new Refusal('a getter or setter');
      if (needsTags(property?.value, walk)) needs = true;
    }
  } catch (error) {
    throw Refusal.from(error).within(object, keys[index] as string);
  }
  refuseToJson(object);
  return needs;
}

function itemsNeedTags(items: readonly unknown[], walk: Walk): boolean {
  refuseSymbols(items);
  if (!isDense(items)) throw new Refusal('an array with holes, or with properties besides its items');
  walk.count(items.length);
  let needs = false;
  let index = 0;
  try {
    for (; index < items.length; index++) if (needsTags(items[index], walk)) needs = true;
  } catch (error) {
    throw Refusal.from(error).within(items, index);
  }
  refuseToJson(items);
  return needs;
}

function checkOther(value: object, kind: ValueKind, walk: Walk): void {
  if (kind === 'buffer' || (kind === 'typed-array' && isTypedArrayName(typedArrayName(value)))) {
    return refuseMoreThanBytes(value as TypedArray);
  }
  if (kind === 'instance' || kind === 'typed-array') {
    throw new Refusal(`an instance of ${classNameOf(value) || 'a class'}`);
  }
  if (hasProperties(value)) throw new Refusal(`a ${classNameOf(value)} with properties of its own`);
  if (kind === 'set')
    checkEach(
      value,
      Array.from(value as Set<unknown>, (item) => [item]),
      walk,
    );
  if (kind === 'map') checkEach(value, Array.from(value as Map<unknown, unknown>), walk);
}

/** All parts of an entry count as one place. */
function checkEach(container: object, entries: readonly (readonly unknown[])[], walk: Walk): void {
  walk.count(entries.length);
  entries.forEach((entry, index) => {
    Refusal.at(container, index, () => entry.forEach((part) => needsTags(part, walk)));
  });
}

function refuseSymbols(object: object): void {
  if (Object.getOwnPropertySymbols(object).length > 0) throw new Refusal('an object with a symbol as a key');
}
