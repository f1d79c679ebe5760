import type { CachePolicy, InvalidationTarget } from '../../src/core/policy/cache-policy.js';
import type { Duration } from '../../src/core/policy/duration.js';
import { everything, resource, type Resource } from '../../src/core/policy/resource.js';

/** One thing that the cache holds a copy of. */
export interface Thing {
  readonly key: string;
  readonly namespace: string;
  readonly tags: readonly string[];
  readonly context: string | null;
  readonly dependsOn: readonly Resource[];
  /** Its policy keeps it out of the memory of the process. */
  readonly isForStoreOnly: boolean;
  /**
   * It is also set by hand. What is set counts as true from the call on, so nothing else may change it meanwhile: all
   * changes of it happen under its lock.
   */
  readonly isSettable: boolean;
}

/** What the cache holds of a thing. */
export interface Value {
  key: string;
  version: number;
}

/** Few, so that everything meets. */
export const THINGS: readonly Thing[] = Array.from({ length: 12 }, (_, index) => ({
  key: `${index % 2 === 0 ? 'even' : 'odd'}:${index}`,
  namespace: index % 2 === 0 ? 'even' : 'odd',
  tags: [...(index % 3 === 0 ? ['third'] : []), ...(index % 4 < 2 ? ['low'] : [])],
  context: index % 5 === 0 ? 'task' : null,
  dependsOn: index % 3 === 1 ? [resource('file', String(index % 2))] : [],
  isForStoreOnly: index % 6 === 5,
  isSettable: index % 4 === 2,
}));

/** Indexes of things. */
const where = (matches: (thing: Thing) => boolean): number[] =>
  THINGS.flatMap((thing, index) => (matches(thing) ? [index] : []));

export type GroupForm = 'tag' | 'tags' | 'resource' | 'context' | 'namespace' | 'pattern';

export interface GroupTarget {
  readonly form: GroupForm;
  readonly target: InvalidationTarget;
  /** Indexes of the things that it covers. */
  readonly covered: readonly number[];
}

const file = (id: string): Resource => resource('file', id);
const isOn = (id: string) => (thing: Thing) => thing.dependsOn.some((each) => each.id === id);

export const GROUP_TARGETS: readonly GroupTarget[] = [
  { form: 'tag', target: { tag: 'third' }, covered: where(({ tags }) => tags.includes('third')) },
  { form: 'tag', target: { tag: 'low' }, covered: where(({ tags }) => tags.includes('low')) },
  { form: 'tags', target: { tags: ['third', 'low'] }, covered: where(({ tags }) => tags.length > 0) },
  { form: 'resource', target: { resource: file('0') }, covered: where(isOn('0')) },
  { form: 'resource', target: { resource: file('1') }, covered: where(isOn('1')) },
  { form: 'resource', target: { resource: everything() }, covered: where(({ dependsOn }) => dependsOn.length > 0) },
  { form: 'context', target: { context: 'task' }, covered: where(({ context }) => context !== null) },
  { form: 'namespace', target: { namespace: 'odd' }, covered: where(({ namespace }) => namespace === 'odd') },
  { form: 'pattern', target: { pattern: 'even:*' }, covered: where(({ namespace }) => namespace === 'even') },
];

/** Ids of groups, as they stand in the keys of their versions. */
export const GROUPS = ['tag:third', 'tag:low', 'resource:file:0', 'context:task', 'ns:odd', 'ns:even'] as const;

/** Fields of policies that the engine knows. What is not in here is left out, so that the race also runs without it. */
const KNOWN_FIELDS: ReadonlySet<string> = new Set(['grace', 'memory', 'softTimeout', 'eagerRefreshRatio']);

/**
 * The policy of things that are asked for together: the same for all who load or set them, but for the times in `lifetime`.
 * Each is in the groups of all.
 */
export function policyOf(
  things: readonly Thing[],
  lifetime: Readonly<Record<string, unknown>> & { readonly ttl: Duration },
): CachePolicy<Value> {
  const isForStoreOnly = things.some((thing) => thing.isForStoreOnly);
  const context = things.find((thing) => thing.context !== null)?.context;
  const optional = { ...lifetime, ...(isForStoreOnly && { memory: false }) };
  const known = Object.entries(optional).filter(([name]) => name === 'ttl' || KNOWN_FIELDS.has(name));
  return {
    ...Object.fromEntries(known),
    tags: [...new Set(things.flatMap(({ tags }) => tags))],
    dependsOn: things.flatMap(({ dependsOn }) => dependsOn),
    ...(typeof context === 'string' && { context }),
  };
}

/** Milliseconds of a clock that all processes of a machine share. */
export const nowMs = (): number => Number(process.hrtime.bigint()) / 1e6;
