import type { CacheEventName, CacheListener } from './events.js';
import type { CachePolicy, Explanation, InvalidationTarget, Loader, Outcome } from './policy/cache-policy.js';
import type { Duration } from './policy/duration.js';

/** Skeleton: signatures only. */
export class AgentCache {
  /** `false` while disabled or closed: every method then runs its loader. */
  get isOpen(): boolean {
    throw new Error('not built yet');
  }
  getOrLoad<T>(_key: string, _loader: Loader<T>, _policy: CachePolicy<T> = {}): Promise<T> {
    throw new Error('not built yet');
  }
  getOrLoadMany<K, T>(
    _keys: readonly K[],
    _loadMissing: (missing: K[], load: { signal: AbortSignal }) => Promise<readonly T[]>,
    _policy: CachePolicy<T> & { keyOf?: (key: K) => string } = {},
  ): Promise<T[]> {
    throw new Error('not built yet');
  }
  get<T>(_key: string, _policy: CachePolicy<T> = {}): Promise<T | undefined> {
    throw new Error('not built yet');
  }
  set<T>(_key: string, _value: T, _policy: CachePolicy<T> = {}): Promise<boolean> {
    throw new Error('not built yet');
  }
  getMany<T>(_keys: readonly string[], _policy: CachePolicy<T> = {}): Promise<(T | undefined)[]> {
    throw new Error('not built yet');
  }
  setMany<T>(_entries: readonly (readonly [string, T])[], _policy: CachePolicy<T> = {}): Promise<boolean> {
    throw new Error('not built yet');
  }
  delete(_key: string): Promise<boolean> {
    throw new Error('not built yet');
  }
  invalidate(_target: InvalidationTarget): Promise<{ acknowledged: boolean }> {
    throw new Error('not built yet');
  }
  explain(_key: string, _policy: CachePolicy = {}): Promise<Explanation> {
    throw new Error('not built yet');
  }
  wrap<A extends unknown[], T>(
    _fn: (...args: A) => Promise<T>,
    _policy: CachePolicy<T> & { key: (...args: A) => string },
  ): (...args: A) => Promise<T> {
    throw new Error('not built yet');
  }
  /** The outcome of an object that a cached call returned; `undefined` for anything else. */
  outcomeOf(_result: unknown): Outcome | undefined {
    throw new Error('not built yet');
  }
  /** Says that a call went past the cache on purpose; `result` (an object) is then known to `outcomeOf`. */
  recordBypass(_category: string, _reason: string, _result?: unknown): void {
    throw new Error('not built yet');
  }
  on<N extends CacheEventName>(_name: N, _listener: CacheListener<N>): this {
    throw new Error('not built yet');
  }
  off<N extends CacheEventName>(_name: N, _listener: CacheListener<N>): this {
    throw new Error('not built yet');
  }
  close(): Promise<void> {
    throw new Error('not built yet');
  }
}
void (0 as unknown as Duration);
