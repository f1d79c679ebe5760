import { appendQuoted } from './quote.js';

/** The names of an object's properties in canonical order, and each as it is written. */
export interface PropertyOrder {
  readonly sorted: readonly string[];
  /** `{"name":` per name, for the first property that is written. */
  readonly opening: readonly string[];
  /** `,"name":` per name, for the others. */
  readonly following: readonly string[];
}

interface KnownOrder extends PropertyOrder {
  readonly names: readonly string[];
}

const MAX_KNOWN = 256;
const MAX_REMEMBERED_NAMES = 32;
const MAX_REMEMBERED_LENGTH = 64;

/**
 * Puts property names in order and remembers how: sorting and quoting them costs as much as all the rest of a key, and
 * the objects that keys are made of are alike. Holds at most 256 lists of 32 names of 64 characters.
 */
export class PropertyOrders {
  /** By first name. */
  private readonly known = new Map<string, KnownOrder[]>();
  private count = 0;

  /** How many lists it holds. */
  get size(): number {
    return this.count;
  }

  /** The order of `names`, which are the keys of one object as `Object.keys` gives them. */
  of(names: readonly string[]): PropertyOrder {
    for (const order of this.known.get(names[0] ?? '') ?? []) if (isSame(order.names, names)) return order;
    return this.add(names);
  }

  private add(names: readonly string[]): PropertyOrder {
    const order = orderOf(names);
    if (names.length > MAX_REMEMBERED_NAMES || names.some((name) => name.length > MAX_REMEMBERED_LENGTH)) return order;
    if (this.count >= MAX_KNOWN) {
      this.known.clear();
      this.count = 0;
    }
    const first = names[0] ?? '';
    const alike = this.known.get(first);
    if (alike) alike.push(order);
    else this.known.set(first, [order]);
    this.count++;
    return order;
  }
}

/** UTF-16 code units are compared, as RFC 8785 asks; that is how JavaScript sorts. */
function orderOf(names: readonly string[]): KnownOrder {
  const sorted = [...names].sort();
  const written = sorted.map((name) => `${appendQuoted('', name)}:`);
  return {
    names,
    sorted,
    opening: written.map((name) => `{${name}`),
    following: written.map((name) => `,${name}`),
  };
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  const { length } = one;
  if (length !== other.length) return false;
  for (let index = 0; index < length; index++) if (one[index] !== other[index]) return false;
  return true;
}
