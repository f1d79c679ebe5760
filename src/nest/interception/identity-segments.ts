import type { MethodSite } from './method-site.js';

/** A name as one segment of an identity: no two names give the same one, and none holds the separator `.`. */
export function nameSegment(name: unknown): string {
  const text =
    typeof name === 'function' ? name.name : typeof name === 'symbol' ? (name.description ?? '') : String(name);
  const escaped = text.replaceAll('~', '~0').replaceAll('.', '~1');
  return typeof name === 'symbol' ? `~s${escaped}` : escaped;
}

/**
 * The method's part of an identity: its name; before it the class that declares it where another class of the instance
 * overrides it, as with `super.method()`, whose results are not those of the override; behind it its layer where
 * decorators are stacked.
 */
export function methodSegment(instance: object, { owner, key, layer }: MethodSite): string {
  const chain = prototypesOf(instance);
  const isOverridden = owner !== null && chain.find((prototype) => Object.hasOwn(prototype, key)) !== owner;
  const declaring = isOverridden ? `${classSegment(owner, chain)}.` : '';
  return declaring + keySegment(key, chain) + (layer > 0 ? `~+${String(layer)}` : '');
}

function prototypesOf(instance: object): object[] {
  const chain: object[] = [];
  for (let next = parentOf(instance); next !== null; next = parentOf(next)) chain.push(next);
  return chain;
}

const parentOf = (object: object): object | null => Object.getPrototypeOf(object) as object | null;

/** Classes of one chain may have the same name. */
function classSegment(prototype: object, chain: readonly object[]): string {
  const segment = nameSegment(prototype.constructor);
  const namesakes = chain.filter((other) => nameSegment(other.constructor) === segment);
  return namesakes.length > 1 ? `${segment}~^${String(chain.indexOf(prototype))}` : segment;
}

/** Symbols of one class may have the same description. */
function keySegment(key: string | symbol, chain: readonly object[]): string {
  const segment = nameSegment(key);
  if (typeof key === 'string') return segment;
  const symbols = new Set(chain.flatMap((prototype) => Object.getOwnPropertySymbols(prototype)));
  const namesakes = [...symbols].filter((symbol) => symbol.description === key.description);
  return namesakes.length > 1 ? `${segment}~${String(namesakes.indexOf(key))}` : segment;
}
