/** Whether it is an object literal or the like: no array, no instance of a class, no object without a prototype. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype !== null && Object.getPrototypeOf(prototype) === null;
}

/**
 * Whether its own fields are all that anyone can ask it for: an object literal, or an instance of a class without methods
 * and accessors, such as a validated body.
 */
export function isDataObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  if (isPlainObject(value)) return true;
  let prototype: unknown = Object.getPrototypeOf(value);
  while (typeof prototype === 'object' && prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    if (Reflect.ownKeys(prototype).some((key) => key !== 'constructor')) return false;
    prototype = Object.getPrototypeOf(prototype);
  }
  return prototype !== null;
}

/** The name of the class that it is an instance of; `undefined` for anything that is not a data object of a class. */
export function classNameOf(value: unknown): string | undefined {
  if (isPlainObject(value) || !isDataObject(value)) return undefined;
  return (value as object).constructor.name;
}
