import { Refusal } from '../ports/refusal.js';
import { isDense, kindOf } from '../ports/value-kind.js';
import { Walk } from '../ports/walk.js';
import { formOfNumber } from './number-form.js';
import { formOfOther } from './other-form.js';
import { PropertyOrders } from './property-orders.js';
import { appendQuoted } from './quote.js';

/**
 * Writes values so that two have the same text exactly if they are the same value, whatever the order of properties,
 * Map entries and Set items.
 *
 * Plain JSON is written as RFC 8785 asks, but for `-0`, which keeps its sign. What JSON does not have begins with `@`,
 * which no JSON text has outside of its strings. A property that is `undefined` is left out.
 */
export class CanonicalForm {
  private readonly orders = new PropertyOrders();

  /** Throws `Refusal` for values without a canonical form, and nothing else. */
  of(value: unknown): string {
    try {
      return this.append('', value, new Walk());
    } catch (error) {
      throw Refusal.from(error);
    }
  }

  /**
   * `text` and the form of `value`. Handing the text through leaves the engine a flatter chain of pieces than returning
   * each form to be added, and the hash has to join them all.
   */
  private append(text: string, value: unknown, walk: Walk): string {
    switch (typeof value) {
      case 'string':
        return appendQuoted(text, value);
      case 'number':
        return text + formOfNumber(value);
      case 'object':
        return value === null ? `${text}null` : this.appendObject(text, value, walk);
      case 'boolean':
        return text + (value ? 'true' : 'false');
      case 'undefined':
        return `${text}@undefined`;
      case 'bigint':
        return `${text}@bigint(${value})`;
      default:
        throw new Refusal(`a ${typeof value}`);
    }
  }

  private appendObject(text: string, value: object, walk: Walk): string {
    walk.enter();
    const written = this.appendContainer(text, value, walk);
    walk.leave();
    return written;
  }

  private appendContainer(text: string, value: object, walk: Walk): string {
    const kind = kindOf(value);
    if (kind === 'plain' || kind === 'null-prototype') return this.appendProperties(text, value, walk);
    if (kind === 'array') return this.appendItems(text, value as unknown[], walk);
    return text + formOfOther(value, kind, (inner) => this.formOfPart(inner, walk));
  }

  /** The form of what is inside of a Map, a Set, an instance or an array with holes. */
  private formOfPart(value: unknown, walk: Walk): string {
    walk.count(1);
    return this.append('', value, walk);
  }

  private appendProperties(text: string, object: object, walk: Walk): string {
    refuseSymbols(object);
    const { sorted, opening, following } = this.orders.of(Object.keys(object));
    walk.count(sorted.length);
    let written = text;
    let names = opening;
    let index = 0;
    try {
      for (; index < sorted.length; index++) {
        const value = (object as Record<string, unknown>)[sorted[index] as string];
        if (value === undefined) continue;
        written = this.append(written + (names[index] as string), value, walk);
        names = following;
      }
    } catch (error) {
      throw Refusal.from(error).within(object, sorted[index] as string);
    }
    return written + (names === opening ? '{}' : '}');
  }

  private appendItems(text: string, array: readonly unknown[], walk: Walk): string {
    refuseSymbols(array);
    if (!isDense(array)) return this.appendSparse(text, array, walk);
    walk.count(array.length);
    let written = `${text}[`;
    let index = 0;
    try {
      for (; index < array.length; index++) {
        written = this.append(index === 0 ? written : `${written},`, array[index], walk);
      }
    } catch (error) {
      throw Refusal.from(error).within(array, index);
    }
    return `${written}]`;
  }

  /** A hole is not `undefined`: what is there is written with its index. Takes no time for holes. */
  private appendSparse(text: string, array: readonly unknown[], walk: Walk): string {
    const items = Object.keys(array).map((key) => {
      const index = indexOf(key, array.length);
      return Refusal.at(array, index, () => `[${index},${this.formOfPart(array[index], walk)}]`);
    });
    return `${text}@sparse(${array.length})[${items.join(',')}]`;
  }
}

function indexOf(key: string, length: number): number {
  const index = Number(key);
  if (String(index) === key && Number.isSafeInteger(index) && index >= 0 && index < length) return index;
  throw new Refusal('an array with properties besides its items');
}

function refuseSymbols(object: object): void {
  const symbols = Object.getOwnPropertySymbols(object);
  if (symbols.length === 0) return;
  if (symbols.some((symbol) => Object.prototype.propertyIsEnumerable.call(object, symbol))) {
    throw new Refusal('an object with a symbol as a key');
  }
}
