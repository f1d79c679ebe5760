import type { Duration } from '../../src/core/policy/duration.js';
import type { Random } from './random.js';
import { type GroupForm, GROUP_TARGETS, type GroupTarget, THINGS } from './world.js';

/** How a loader behaves if it is run. Milliseconds. */
export interface LoadPlan {
  readonly beforeMs: number;
  readonly afterMs: number;
  readonly ending: 'returns' | 'fails' | 'skips' | 'shortens';
}

export type Lifetime = Readonly<Record<string, unknown>> & { readonly ttl: Duration };

/** Forms of a change that concern one thing. */
export type ThingForm = 'key' | 'set' | 'writeThrough' | 'delete' | 'outside';

export type ChangePlan = { readonly changed: readonly number[] } &
  /** `answerMs`: how long the source takes to answer what it has written already, where a value is written through. */
  (
    | { readonly form: ThingForm; readonly thing: number; readonly answerMs: number }
    /** `locked`: one of the things that may only be changed under their lock, which changes too. */
    | { readonly form: GroupForm; readonly group: GroupTarget; readonly locked: number | null }
  );

/** What an actor does next. Does not depend on what happens, so that a seed brings it again. */
export type Plan = { readonly thinkMs: number } & (
  | { readonly do: 'load'; readonly things: readonly number[]; readonly load: LoadPlan; readonly lifetime: Lifetime }
  /** `isNamed`: with the policy of the thing; otherwise with none. */
  | { readonly do: 'get'; readonly things: readonly number[]; readonly isNamed: boolean }
  | { readonly do: 'change'; readonly change: ChangePlan; readonly lifetime: Lifetime }
);

const ALL = THINGS.map((_, index) => index);
const SETTABLE = ALL.filter((index) => THINGS[index]?.isSettable);
const isSettable = (index: number): boolean => SETTABLE.includes(index);

export function planOf(random: Random): Plan {
  const thinkMs = random.chance(0.3) ? 0 : random.integer(1, 8);
  const kind = random.weighted({ load: 62, many: 10, get: 18, change: 10 });
  if (kind === 'change') return { thinkMs, do: 'change', change: changeOf(random), lifetime: lifetimeOf(random) };
  const things = kind === 'many' ? manyOf(random) : [random.of(ALL)];
  if (kind === 'get') return { thinkMs, do: 'get', things, isNamed: random.chance(0.6) };
  return { thinkMs, do: 'load', things, load: loadOf(random), lifetime: lifetimeOf(random) };
}

function manyOf(random: Random): number[] {
  return ALL.filter(() => random.chance(0.4)).concat(random.of(ALL));
}

function loadOf(random: Random): LoadPlan {
  const delayMs = (): number => {
    const length = random.weighted({ none: 30, short: 45, long: 20, endless: 5 });
    return { none: 0, short: random.integer(1, 6), long: random.integer(8, 80), endless: random.integer(200, 900) }[
      length
    ];
  };
  const ending = random.weighted({ returns: 92, fails: 4, skips: 2, shortens: 2 });
  return { beforeMs: delayMs(), afterMs: delayMs(), ending };
}

function lifetimeOf(random: Random): Lifetime {
  return {
    ttl: random.of<Duration>(['30ms', '150ms', '1s', '1m', '1m', '1m']),
    ...(random.chance(0.3) && { grace: '2s' }),
    ...(random.chance(0.3) && { softTimeout: '15ms' }),
    ...(random.chance(0.3) && { eagerRefreshRatio: 0.5 }),
  };
}

function changeOf(random: Random): ChangePlan {
  const form = random.weighted({ key: 30, set: 12, writeThrough: 8, delete: 10, outside: 12, group: 40 });
  if (form === 'group') return groupChangeOf(random);
  const thing = random.of(form === 'set' ? SETTABLE : ALL);
  return { form, thing, changed: [thing], answerMs: random.chance(0.5) ? 0 : random.integer(1, 20) };
}

function groupChangeOf(random: Random): ChangePlan {
  const group = random.of(GROUP_TARGETS);
  const changed = group.covered.filter((thing) => random.chance(0.7) && !isSettable(thing));
  const settable = group.covered.filter(isSettable);
  const locked = settable.length > 0 && random.chance(0.4) ? random.of(settable) : null;
  return { form: group.form, group, locked, changed: locked === null ? changed : [...changed, locked] };
}
