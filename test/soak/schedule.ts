import { Random } from '../race/random.js';
import { FAULTS, type FaultName } from './faults.js';

/** A fault, and what comes after it. Milliseconds. */
export interface Planned {
  readonly fault: FaultName;
  /** Whose way to Redis it concerns, where it concerns ways: that of all, or of one. */
  readonly ways: readonly number[];
  readonly forMs: number;
  /** How long all may take to be as before. */
  readonly healMs: number;
  /** How long nothing happens then. */
  readonly quietMs: number;
  /** Afterwards, all comes to rest and is looked at. */
  readonly isBeforeRest: boolean;
}

/** From the shortest to the longest, in milliseconds. */
type Lengths = Readonly<Record<'forMs' | 'quietMs', [least: number, most: number]>>;

const HEAL_MS = 1_000;
/**
 * After a long fault: connections that do not last are made less often, up to a second apart, and a password that is refused is
 * tried after half of the time that it has been for, up to two seconds.
 */
const LONG_HEAL_MS: Partial<Record<FaultName, number>> = {
  'clients killed': 1_500,
  reset: 1_500,
  'cut replies': 1_500,
  garbage: 1_500,
  'stray replies': 1_500,
  password: 2_500,
};
const SHORT = { forMs: [400, 600], quietMs: [350, 450] } satisfies Lengths;
const LONG = { forMs: [500, 5_000], quietMs: [1_000, 4_000] } satisfies Lengths;
const REST_EVERY = 6;

/** Every fault in turn, in an order that the seed determines, again and again until the time is over. */
export function scheduleOf(seed: number, seconds: number, faults: readonly FaultName[] = FAULTS): Planned[] {
  const random = new Random(seed, 77);
  const isLong = seconds > 2 * 60;
  const { forMs, quietMs }: Lengths = isLong ? LONG : SHORT;
  const planned: Planned[] = [];
  for (let leftMs = seconds * 1_000; ;) {
    for (const fault of shuffled(random, faults)) {
      const next: Planned = {
        fault,
        ways: random.of([[0, 1], [0], [1]]),
        forMs: random.integer(...forMs),
        healMs: (isLong && LONG_HEAL_MS[fault]) || HEAL_MS,
        quietMs: random.integer(...quietMs),
        isBeforeRest: planned.length % REST_EVERY === REST_EVERY - 1,
      };
      leftMs -= next.forMs + next.healMs + next.quietMs;
      if (leftMs < 0) return planned;
      planned.push(next);
    }
  }
}

function shuffled<T>(random: Random, items: readonly T[]): T[] {
  const rest = [...items];
  return items.map(() => rest.splice(random.integer(0, rest.length - 1), 1)[0] as T);
}
