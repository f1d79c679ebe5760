import { describe, expect, it } from '@jest/globals';
import { ALL_FAULTS, type Faults, ONLY_LAGS, ONLY_STALLS } from './disturbance.js';
import { type Field, holdRace } from './hold-race.js';
import type { Mutant } from './mutants.js';
import type { RaceResult } from './race.js';

/** `RACE_SECONDS`: of both races without a mutant together. `RACE_SEED`: as printed by an earlier run. */
const SECONDS = Number(process.env.RACE_SECONDS ?? 66);
const SEED = Number(process.env.RACE_SEED ?? Math.floor(Math.random() * 1_000_000_000));
const IN_ONE_PROCESS = 0.45 * SECONDS;
/** At most: a race without a part ends at its first violation, which is a matter of chance, mostly within 20 s. */
const WITHOUT_A_PART = 2 * SECONDS;
/** For what comes before and after: servers and processes start, and each round ends with a look at everything. */
const MORE_MS = 40_000;
const MOST_EXAMPLES = 3;

const tell = (line: string): void => void process.stdout.write(`${line}\n`);

async function race(field: Omit<Field, 'seed' | 'endsAtViolation' | 'tell'>): Promise<RaceResult> {
  const result = await holdRace({ ...field, seed: SEED, endsAtViolation: field.mutant !== undefined, tell });
  tell(result.report);
  if (!field.mutant) for (const line of examplesOf(result)) tell(`  ${line}`);
  return result;
}

/** Some of each kind. */
function examplesOf({ violations, surprises }: RaceResult): string[] {
  const shown = new Map<string, number>();
  return [...violations, ...surprises].filter((line) => {
    const kind = line.slice(0, line.indexOf(':'));
    const count = (shown.get(kind) ?? 0) + 1;
    shown.set(kind, count);
    return count <= MOST_EXAMPLES;
  });
}

describe('loads, sets, deletes, invalidations, expiry and outside deletes at random', () => {
  const nothingWrong = { violations: [], surprises: [] };

  it(
    'never give an instance of one process what was invalidated before',
    async () => {
      const result = await race({ name: 'in one process', instances: 3, inProcesses: false, seconds: IN_ONE_PROCESS });
      expect(result).toMatchObject(nothingWrong);
    },
    2 * IN_ONE_PROCESS * 1_000 + MORE_MS,
  );

  it(
    'never give one of four processes what was invalidated before',
    async () => {
      const seconds = SECONDS - IN_ONE_PROCESS;
      const result = await race({ name: 'over four processes', instances: 4, inProcesses: true, seconds });
      expect(result).toMatchObject(nothingWrong);
    },
    2 * SECONDS * 1_000 + MORE_MS,
  );

  it.each<[Mutant, Faults]>([
    ['fence', ALL_FAULTS],
    ['marking', ONLY_LAGS],
    ['lease', ONLY_STALLS],
  ])(
    'would be caught without the %s',
    async (mutant, faults) => {
      const name = `without the ${mutant}`;
      const seconds = WITHOUT_A_PART;
      const result = await race({ name, instances: 3, inProcesses: false, seconds, mutant, faults });
      expect(result.violations.length).toBeGreaterThan(0);
    },
    2 * WITHOUT_A_PART * 1_000 + MORE_MS,
  );
});
