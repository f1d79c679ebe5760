import type { CachePolicy, InvalidationTarget } from '../../src/core/policy/cache-policy.js';
import { resource } from '../../src/core/policy/resource.js';

/** How a thing is asked for; each is cached in one way alone. */
export type Way = 'direct' | 'stored' | 'settable' | 'method' | 'tool' | 'context';

/** Something that is true outside of the cache, and changes. */
export interface Thing {
  /** Its place in {@link THINGS}. */
  readonly index: number;
  readonly way: Way;
  /** Its place among those of its way. */
  readonly number: number;
  /** Under which it is true, and cached where it is cached under a key that a caller names. */
  readonly name: string;
}

export interface Value {
  readonly name: string;
  readonly version: number;
  /** Made of both, so that a mixture is found out. */
  readonly text: string;
}

const COUNTS: readonly (readonly [Way, number])[] = [
  ['direct', 40],
  ['stored', 20],
  ['settable', 16],
  ['method', 40],
  ['tool', 20],
  ['context', 20],
];
const TEXT_LENGTH = 400;

export const THINGS: readonly Thing[] = COUNTS.flatMap(([way, count]) =>
  Array.from({ length: count }, (_, number) => ({ way, number, name: `${way}:${number}` })),
).map((thing, index) => ({ ...thing, index }));

const of = (way: Way): readonly Thing[] => THINGS.filter((thing) => thing.way === way);
export const BY_WAY: Readonly<Record<Way, readonly Thing[]>> = {
  direct: of('direct'),
  stored: of('stored'),
  settable: of('settable'),
  method: of('method'),
  tool: of('tool'),
  context: of('context'),
};
/** Those that are cached under their name. */
export const NAMED: readonly Thing[] = [...BY_WAY.direct, ...BY_WAY.stored];

export const textOf = (name: string, version: number): string =>
  `${name}@${version} `.repeat(TEXT_LENGTH).slice(0, TEXT_LENGTH);
export const valueOf = (name: string, version: number): Value => ({ name, version, text: textOf(name, version) });
export const isValue = (found: unknown, name: string): found is Value => {
  const { name: own, version, text } = (found ?? {}) as Partial<Value>;
  return own === name && typeof version === 'number' && text === textOf(name, version);
};

/** In which part of its way a thing is. */
export const partOf = ({ way, number }: Thing): number => number % (way === 'tool' || way === 'context' ? 5 : 4);
export const tagOf = (thing: Thing): string => `${thing.way}-${partOf(thing)}`;
export const taskOf = (thing: Thing): string => `task-${partOf(thing)}`;

/** The policy of what is cached under its name. */
export const policyOf = (thing: Thing): CachePolicy<Value> => ({
  ttl: '1m',
  tags: [tagOf(thing)],
  ...(thing.way === 'stored' && { memory: false }),
});

/** What makes several things unusable at once. */
export interface Group {
  readonly target: InvalidationTarget;
  /** Things that it covers, as indexes. */
  readonly covered: readonly number[];
}

const groupsOf = (way: Way, targetOf: (thing: Thing) => InvalidationTarget): Group[] => {
  const first = new Map<number, Thing>();
  for (const thing of BY_WAY[way]) if (!first.has(partOf(thing))) first.set(partOf(thing), thing);
  return [...first.values()].map((thing) => ({
    target: targetOf(thing),
    covered: BY_WAY[way].filter((other) => partOf(other) === partOf(thing)).map(({ index }) => index),
  }));
};

export const GROUPS: readonly Group[] = [
  ...groupsOf('direct', (thing) => ({ tag: tagOf(thing) })),
  ...groupsOf('method', (thing) => ({ tag: tagOf(thing) })),
  ...groupsOf('tool', (thing) => ({ resource: resource('thing', String(partOf(thing))) })),
  ...groupsOf('context', (thing) => ({ context: taskOf(thing) })),
  { target: { namespace: 'stored' }, covered: BY_WAY.stored.map(({ index }) => index) },
];
