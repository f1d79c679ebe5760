/**
 * What an object is, as far as its data goes. `plain`, `array` and the built-in kinds are exactly those: a subclass is
 * an `instance`, as is everything else.
 */
export type ValueKind =
  | 'plain'
  | 'null-prototype'
  | 'array'
  | 'date'
  | 'map'
  | 'set'
  | 'array-buffer'
  | 'buffer'
  | 'typed-array'
  | 'instance';

/** Any array of numbers or bigints over an `ArrayBuffer`. */
export type TypedArray = NodeJS.TypedArray;

/**
 * The kind of `value`. Objects of another realm (a `vm` context, such as a test runner's) are what they are there.
 * Throws only what a proxy throws.
 */
export function kindOf(value: object): ValueKind {
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (Array.isArray(value)) return isArrayPrototype(prototype) ? 'array' : 'instance';
  if (prototype === Object.prototype) return 'plain';
  if (prototype === null) return 'null-prototype';
  if (ArrayBuffer.isView(value)) return viewKindOf(value, prototype);
  if (isObjectPrototype(prototype)) return 'plain';
  return builtInKindOf(value, prototype);
}

/** Whether an object of a built-in kind has properties too. The `constructor` that fake timers hide in a date is none. */
export const hasProperties = (value: object): boolean =>
  Reflect.ownKeys(value).some((key) => key !== 'constructor' || Object.prototype.propertyIsEnumerable.call(value, key));

/** The name of the class that `value` is an instance of; `''` where there is none. */
export function classNameOf(value: object): string {
  const prototype = Object.getPrototypeOf(value) as { constructor?: { name?: unknown } } | null;
  const name = prototype?.constructor?.name;
  return typeof name === 'string' ? name : '';
}

/** `Float32Array` and the like; `''` for anything else. Cannot be forged. */
export function typedArrayName(value: object): string {
  return (typedArrayTagOf(value) as string | undefined) ?? '';
}

/** Whether every index of `array` has an item and nothing else is a property of it. Symbols aside. */
export function isDense(array: readonly unknown[]): boolean {
  const keys = Object.keys(array);
  const { length } = array;
  // Indexes come first in the order of keys: where the last key is the last index, all are indexes.
  return keys.length === length && (length === 0 || keys[length - 1] === String(length - 1));
}

type BuiltInKind = 'date' | 'map' | 'set' | 'array-buffer';
/** Throws for anything but a genuine one, of whatever realm. */
type BrandCheck = (value: object) => unknown;

/** Reads an accessor of `prototype` as if it were `value`'s. */
function accessorOf(prototype: object, key: PropertyKey): BrandCheck {
  const accessor = Object.getOwnPropertyDescriptor(prototype, key);
  return (value) => accessor?.get?.call(value) as unknown;
}

const typedArrayTagOf = accessorOf(Object.getPrototypeOf(Uint8Array.prototype) as object, Symbol.toStringTag);

const BUILT_IN: ReadonlyMap<string, readonly [BuiltInKind, BrandCheck]> = new Map([
  ['Date', ['date', (value: object) => Date.prototype.getTime.call(value as Date)]],
  ['Map', ['map', accessorOf(Map.prototype, 'size')]],
  ['Set', ['set', accessorOf(Set.prototype, 'size')]],
  ['ArrayBuffer', ['array-buffer', accessorOf(ArrayBuffer.prototype, 'byteLength')]],
]);

function builtInKindOf(value: object, prototype: object): ValueKind {
  // Fake timers of tests put a subclass in the place of Date.
  const isDate = prototype === Date.prototype;
  const builtIn = BUILT_IN.get(isDate ? 'Date' : classNameOf(value));
  if (!builtIn || !(isDate || prototypesAbove(prototype) === 1)) return 'instance';
  const [kind, hasBrand] = builtIn;
  try {
    hasBrand(value);
    return kind;
  } catch {
    return 'instance';
  }
}

function viewKindOf(value: ArrayBufferView, prototype: object): ValueKind {
  if (prototype === Buffer.prototype) return 'buffer';
  return typedArrayName(value) !== '' && prototypesAbove(prototype) === 2 ? 'typed-array' : 'instance';
}

/** `Array.prototype` is itself an array, which the prototype of a subclass is not. */
function isArrayPrototype(prototype: object | null): boolean {
  return prototype === Array.prototype || (Array.isArray(prototype) && prototypesAbove(prototype) === 1);
}

/** `Object.prototype` of another realm. */
function isObjectPrototype(prototype: object): boolean {
  return prototypesAbove(prototype) === 0 && Object.hasOwn(prototype, 'isPrototypeOf');
}

function prototypesAbove(prototype: object): number {
  const next = Object.getPrototypeOf(prototype) as object | null;
  return next === null ? 0 : 1 + prototypesAbove(next);
}
