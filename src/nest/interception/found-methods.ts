import type { CacheBinding } from './bindings.js';

/** So many names are told; a class may have hundreds. */
const MAX_NAMES = 20;

/** Which methods of an app's bindings were found; for a word about those that were not, and so are never cached. */
export class FoundMethods {
  private readonly found = new Map<CacheBinding, Set<string | symbol>>();
  private readonly existing = new Map<CacheBinding, Set<string>>();

  note(binding: CacheBinding, key: string | symbol): void {
    this.found.set(binding, (this.found.get(binding) ?? new Set()).add(key));
  }

  /** Remembers what there is in the place of a misspelled name. */
  see(binding: CacheBinding, object: object): void {
    const names = this.existing.get(binding) ?? new Set();
    for (const name of methodNamesOf(object)) names.add(name);
    this.existing.set(binding, names);
  }

  /** `null`: everything the binding names was found. */
  warningOf(binding: CacheBinding): string | null {
    const found = this.found.get(binding);
    const missing = Reflect.ownKeys(binding.methods).filter((key) => found?.has(key) !== true);
    if (missing.length === 0) return null;
    const { target } = binding;
    const name = typeof target === 'function' ? target.name : quoted(target);
    const existing = this.existing.get(binding);
    if (!existing)
      return `bindCache(${name}): no provider has this token when the app starts, so nothing is cached by it`;
    const others = [...existing].slice(0, MAX_NAMES).map(quoted).join(', ') || 'no others';
    return `bindCache(${name}): there is no method ${missing.map(quoted).join(', ')} to be cached; there are ${others}`;
  }
}

function methodNamesOf(object: object): string[] {
  const names: string[] = [];
  for (let holder: object | null = object; holder; holder = Object.getPrototypeOf(holder) as object | null) {
    if (holder === Object.prototype) break;
    const properties = Object.entries(Object.getOwnPropertyDescriptors(holder));
    names.push(...properties.filter(([, { value }]) => typeof value === 'function').map(([name]) => name));
  }
  return names.filter((name) => name !== 'constructor');
}

const quoted = (name: string | symbol): string => (typeof name === 'symbol' ? String(name) : `'${name}'`);
