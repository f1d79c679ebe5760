/**
 * The JSON text of `value`, or `null` when it has none that says all: for `undefined`, functions, symbols, bigints,
 * cycles, holes, NaN and infinities, and for built-in objects that JSON would write as `{}`, such as a Map, at any depth.
 * As JSON has it, a property that is `undefined` is left out, `toJSON` decides for its object (a date becomes its ISO
 * text), an instance of a class is its fields, and -0 is 0.
 */
export function toJsonText(value: unknown): string | null {
  try {
    const text: string | undefined = JSON.stringify(value, refuseLosses);
    return text ?? null;
  } catch {
    return null;
  }
}

/** What a JSON text says; `undefined` when it is none. */
export function fromJsonText(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function refuseLosses(this: unknown, _key: string, value: unknown): unknown {
  if (isLost(value, Array.isArray(this))) throw new TypeError('JSON cannot say this value');
  return value;
}

function isLost(value: unknown, isArrayElement: boolean): boolean {
  if (typeof value === 'number') return !Number.isFinite(value);
  if (value === undefined) return isArrayElement;
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return Object.prototype.toString.call(value) !== '[object Object]';
  }
  return typeof value === 'function' || typeof value === 'symbol';
}
