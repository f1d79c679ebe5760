import { CacheLoadError } from './errors.js';

/** The keys of one call of many: each name is asked for once, and answered wherever it stands. */
export class Batch<K> {
  private readonly keyByName: ReadonlyMap<string, K>;
  private readonly names: readonly string[];

  /** `keyOf`: names a key that is not a text itself. */
  constructor(keys: readonly K[], keyOf?: (key: K) => string) {
    this.names = keys.map((key) => (keyOf ? keyOf(key) : (key as string)));
    this.keyByName = new Map(this.names.map((name, index) => [name, keys[index] as K]));
  }

  /** Each name once, in the order in which it first stands. */
  get distinctNames(): string[] {
    return [...this.keyByName.keys()];
  }

  keyOf(name: string): K {
    return this.keyByName.get(name) as K;
  }

  /** One result for each key, given those of the distinct names. A key that stands again gets a copy of its own. */
  spread<T>(results: readonly T[], copy: (result: T) => T): T[] {
    const resultByName = new Map(this.distinctNames.map((name, index) => [name, results[index] as T]));
    const given = new Set<string>();
    return this.names.map((name) => {
      const result = resultByName.get(name) as T;
      if (given.has(name)) return copy(result);
      given.add(name);
      return result;
    });
  }
}

/**
 * The results, if they are an array of `count`; throws `CacheLoadError` otherwise. An empty slot is an `undefined`, so that
 * each key has a result.
 */
export function expectCount<T>(results: readonly T[], count: number): readonly T[] {
  if (Array.isArray(results) && results.length === count) return Array.from(results as readonly T[]);
  const answered = Array.isArray(results) ? `${results.length} results` : `${typeof results}, not an array,`;
  throw new CacheLoadError(
    `the loader answered ${answered} for ${count} keys: it must return one result per key, in the order of the keys`,
  );
}
