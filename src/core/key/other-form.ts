import { Refusal } from '../ports/refusal.js';
import { classNameOf, hasProperties, typedArrayName, type TypedArray, type ValueKind } from '../ports/value-kind.js';
import { formOfNumber } from './number-form.js';
import { appendQuoted } from './quote.js';

/** Writes what is inside. */
type Write = (inner: unknown) => string;

/** The canonical form of an object that JSON does not have. Each begins with `@` and its type. */
export function formOfOther(value: object, kind: ValueKind, write: Write): string {
  switch (kind) {
    case 'buffer':
      return formOfBytes('Buffer', value as Buffer);
    case 'typed-array':
      return formOfTypedArray(value as TypedArray);
    case 'instance':
      return formOfInstance(value, write);
    default:
      refuseProperties(value);
      return formOfContainer(value, kind, write);
  }
}

function formOfContainer(value: object, kind: ValueKind, write: Write): string {
  if (kind === 'map') return formOfMap(value as Map<unknown, unknown>, write);
  if (kind === 'set') return formOfSet(value as Set<unknown>, write);
  if (kind === 'date') return `@date(${formOfNumber((value as Date).getTime())})`;
  return formOfBytes('ArrayBuffer', new Uint8Array(value as ArrayBuffer));
}

function formOfMap(map: Map<unknown, unknown>, write: Write): string {
  const entries = Array.from(map, ([key, value], index) =>
    Refusal.at(map, index, () => `[${write(key)},${write(value)}]`),
  );
  return `@map[${entries.sort().join(',')}]`;
}

function formOfSet(set: Set<unknown>, write: Write): string {
  const items = Array.from(set, (item, index) => Refusal.at(set, index, () => write(item)));
  return `@set[${items.sort().join(',')}]`;
}

/** Bytes alone are the same on every platform; wider elements are written as numbers. */
function formOfTypedArray(array: TypedArray): string {
  const name = typedArrayName(array);
  if (name === 'Uint8Array') return formOfBytes(name, array);
  const elements = Array.from<number | bigint, string>(array, (element) =>
    typeof element === 'bigint' ? String(element) : formOfNumber(element),
  );
  return `@${name}[${elements.join(',')}]`;
}

function formOfBytes(name: string, { buffer, byteOffset, byteLength }: NodeJS.TypedArray): string {
  return `@${name}(${Buffer.from(buffer, byteOffset, byteLength).toString('base64')})`;
}

/** The class is written too, so that an instance is never taken for the plain value its `toJSON` answers. */
function formOfInstance(value: object, write: Write): string {
  const name = classNameOf(value);
  const { toJSON } = value as { toJSON?: unknown };
  if (typeof toJSON !== 'function')
    throw new Refusal(`${name ? `an instance of ${name}` : 'an instance'} without toJSON`);
  return `${appendQuoted('@json[', name)},${write(Reflect.apply(toJSON, value, ['']))}]`;
}

/** They would be lost without a trace, and two different values would share a form. */
function refuseProperties(value: object): void {
  if (hasProperties(value)) throw new Refusal(`a ${classNameOf(value)} with properties of its own`);
}
