import { describe, expect, it } from '@jest/globals';
import type { Mutant } from '../race/mutants.js';
import { FAULTS, type FaultName } from './faults.js';
import { holdSoak, type SoakOptions } from './soak.js';
import type { SoakReport } from './report.js';

/** `SOAK_SEED`: as printed by an earlier run. */
const SEED = Number(process.env.SOAK_SEED ?? Math.floor(Math.random() * 1_000_000_000));
/** Each fault at least once. */
const SECONDS = 60;
/** At most: a soak without a part ends at its first stale value, which is a matter of chance. */
const WITHOUT_A_PART = 30;
const MORE_MS = 40_000;

async function soak(name: string, options: Omit<SoakOptions, 'seed'>): Promise<SoakReport> {
  const report = await holdSoak({ ...options, seed: SEED });
  const broken = report.verdicts.filter(({ isMet }) => !isMet).map(({ text }) => text);
  const seen = [...report.violations, ...report.surprises].slice(0, 5);
  const line = `soak ${name}: seed ${SEED}, ${report.seconds.toFixed(0)} s, ${report.calls} calls`;
  process.stdout.write(`${[line, ...report.verdicts.map(({ text }) => text)].join('; ')}\n`);
  if (!options.mutant) for (const each of [...broken, ...seen]) process.stdout.write(`  ${each}\n`);
  return report;
}

describe('two processes with 1,000 calls a second each, while one fault follows another', () => {
  it(
    'get no error, nothing wrong, nothing stale, and nothing late',
    async () => {
      const { verdicts, faults } = await soak('of a minute', { seconds: SECONDS });
      expect(verdicts.filter(({ isMet }) => !isMet)).toEqual([]);
      expect(Object.keys(faults).length).toBeGreaterThanOrEqual(FAULTS.length - 3);
    },
    SECONDS * 1_000 + MORE_MS,
  );

  it(
    'would be caught late without the deadline',
    async () => {
      const { faults } = await soak('without the deadline', { seconds: 2, mutant: 'deadline', faults: ['stopped'] });
      expect(faults.stopped?.p99Ms).toBeGreaterThan(105);
    },
    MORE_MS,
  );

  it.each<[Mutant, FaultName]>([
    ['fence', 'tracking lost'],
    ['marking', 'late data'],
  ])(
    'would be caught with stale values without the %s',
    async (mutant, fault) => {
      const options = { seconds: WITHOUT_A_PART, mutant, faults: [fault], endsAtViolation: true };
      const { violations } = await soak(`without the ${mutant}`, options);
      expect(violations.length).toBeGreaterThan(0);
    },
    WITHOUT_A_PART * 1_000 + MORE_MS,
  );
});
