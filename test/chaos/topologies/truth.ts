import { type InvalidationTarget } from '../../../src/core/policy/cache-policy.js';
import { type Resource, resource } from '../../../src/core/policy/resource.js';

/** Ways by which an app asks. */
export type Way = 'direct' | 'batch' | 'method';

/** One thing that the cache holds a copy of. */
export interface Thing {
  readonly index: number;
  readonly way: Way;
  /** Of the cache; of a decorated method: its argument. */
  readonly id: string;
  readonly tag: string;
  readonly row: Resource | null;
}

export interface Copy {
  readonly id: string;
  readonly version: number;
}

const DIRECT_COUNT = 18;
const BATCH_COUNT = 12;
const METHOD_COUNT = 6;

const direct = Array.from({ length: DIRECT_COUNT }, (_, number) => ({
  way: 'direct' as const,
  id: `${number % 2 === 0 ? 'even' : 'odd'}:${number}`,
  tag: `third-${number % 3}`,
  row: resource('row', String(number % 4)),
}));
const batch = Array.from({ length: BATCH_COUNT }, (_, number) => ({
  way: 'batch' as const,
  id: `batch:${number}`,
  tag: 'batch',
  row: null,
}));
const method = Array.from({ length: METHOD_COUNT }, (_, number) => ({
  way: 'method' as const,
  id: `m${number}`,
  tag: 'reports',
  row: null,
}));

/** Enough that each master of a cluster has some of every way. */
export const THINGS: readonly Thing[] = [...direct, ...batch, ...method].map((thing, index) => ({ ...thing, index }));
export const OF_BATCH = THINGS.filter(({ way }) => way === 'batch');

/** What is invalidated together, and how. */
export interface Target {
  readonly target: InvalidationTarget;
  readonly covered: readonly Thing[];
}

const where = (matches: (thing: Thing) => boolean): Thing[] => THINGS.filter(matches);
export const byTag = (tag: string): Target => ({ target: { tag }, covered: where((thing) => thing.tag === tag) });
const byRow = (id: string): Target => ({
  target: { resource: resource('row', id) },
  covered: where(({ row }) => row?.id === id),
});
const isIn = (namespace: string) => (thing: Thing) => thing.id.startsWith(`${namespace}:`);
export const byNamespace = (namespace: string): Target => ({ target: { namespace }, covered: where(isIn(namespace)) });
export const byPattern = (namespace: string): Target => ({
  target: { pattern: `${namespace}:*` },
  covered: where(isIn(namespace)),
});
export const byKey = (thing: Thing): Target => ({ target: { key: thing.id }, covered: [thing] });

export const KEY_TARGETS: readonly Target[] = [...where(({ way }) => way === 'direct'), ...OF_BATCH].map(byKey);
export const GROUP_TARGETS: readonly Target[] = [
  ...['third-0', 'third-1', 'third-2', 'batch', 'reports'].map(byTag),
  ...['0', '1', '2', '3'].map(byRow),
  ...['even', 'odd', 'batch'].map(byNamespace),
  { target: { namespace: 'reports' }, covered: where(({ way }) => way === 'method') },
];
export const PATTERN_TARGETS: readonly Target[] = ['even', 'batch'].map(byPattern);

/** What is true: a number for each thing, which only grows. */
export class Truth {
  private readonly versions = THINGS.map(() => 1);
  private readonly byId = new Map(THINGS.map((thing) => [thing.id, thing]));

  copyOf(id: string): Copy {
    return { id, version: this.versionOf(this.byId.get(id) as Thing) };
  }

  versionOf({ index }: Thing): number {
    return this.versions[index] as number;
  }

  /** Answers what is true of them from now on. */
  change(things: readonly Thing[]): number[] {
    return things.map(({ index }) => (this.versions[index] = (this.versions[index] as number) + 1));
  }
}
