import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureRedis } from './ensure-redis.mjs';
import { ScriptFailure, root, runAsScript } from './lib/project.mjs';
import { allOf, counted, runSteps, whole } from './lib/steps.mjs';

/** Tests that measure time or load the machine: one after another, with nothing beside them. */
const TIMED = ['test/chaos/', 'test/integration/', 'test/e2e/agent-backend/redis-faults'];
/** Those of them that wait for servers to settle, most of the time, and load nothing: two side by side. */
const SETTLING = ['test/chaos/topologies/', 'test/chaos/process/', 'test/integration/access/'];
/** What the cache serves against what was invalidated, at random, for a minute and more. */
const RACE = 'test/race/';
/** The same with all that goes wrong, one after another, at 2,000 calls a second. */
const SOAK = 'test/soak/';
const ON_NEST_11 = ['test/e2e/interception/', 'test/e2e/http/', 'test/e2e/config/'];
/** jest keeps the modules of every file in memory, so that a process that runs many files ends up collecting garbage. */
const SIDE_BY_SIDE = ['--maxWorkers=2', '--workerIdleMemoryLimit=600MB'];
/** Each file in a new process: what another has left behind would be measured, too. */
const FRESH = '--workerIdleMemoryLimit=1MB';
const APART = ['--maxWorkers=1', FRESH];
const without = (paths) =>
  ['/node_modules/', 'test/package/apps/', ...paths].map((path) => `--testPathIgnorePatterns=${path}`);

/** Where tests keep their files, so that nothing is left of them, however they end. */
const FILES = mkdtempSync(join(tmpdir(), 'nestjs-agent-cache-test-'));
/** Where tests record what they have measured of faults. */
const FAULTS = join(FILES, 'faults');
const RECORDING = { FAULT_REPORT: FAULTS };
process.on('exit', () => rmSync(FILES, { recursive: true, force: true }));

/** All steps in their order: what each runs, and the seconds after which it is stopped. */
const STEPS = {
  redis: { limitSeconds: 900, check: provideRedis },
  lint: {
    limitSeconds: 400,
    check: allOf(
      ['node_modules/eslint/bin/eslint.js', '.'],
      ['node_modules/prettier/bin/prettier.cjs', '--check', '.'],
    ),
  },
  types: { limitSeconds: 240, check: allOf(['node_modules/typescript/bin/tsc', '--noEmit', '-p', 'tsconfig.json']) },
  layout: {
    limitSeconds: 120,
    check: allOf([
      'node_modules/dependency-cruiser/bin/dependency-cruise.mjs',
      ...['src', 'examples', '--config', '.dependency-cruiser.cjs'],
    ]),
  },
  build: { limitSeconds: 240, check: allOf(['scripts/build.mjs']) },
  api: { limitSeconds: 240, check: allOf(['scripts/api-baseline.mjs']) },
  snippets: { limitSeconds: 30, check: allOf(['scripts/snippets.mjs']) },
  tests: { limitSeconds: 600, check: jest('tests', [...SIDE_BY_SIDE, ...without([...TIMED, RACE, SOAK])], RECORDING) },
  faults: {
    limitSeconds: 900,
    check: jest('faults', [...APART, ...TIMED, ...without(SETTLING)], { TIMED: 'retry', ...RECORDING }),
  },
  settling: {
    limitSeconds: 600,
    check: jest('settling', ['--maxWorkers=2', FRESH, ...SETTLING], { TIMED: 'retry', ...RECORDING }),
  },
  // Never tried again: what is served once in ten runs is served.
  race: { limitSeconds: 600, check: jest('race', [...APART, RACE], RECORDING, /^race .*$/gm) },
  soak: { limitSeconds: 300, check: jest('soak', [...APART, SOAK], {}, /^soak .*$/gm) },
  // Of what all these have recorded, and nothing is run again.
  'fault-table': { limitSeconds: 30, check: allOf(['scripts/fault-table.mjs', `--from=${FAULTS}`]) },
  'nest-11': { limitSeconds: 300, check: jest('nest-11', [...SIDE_BY_SIDE, ...ON_NEST_11], { NEST: '11' }) },
  package: {
    limitSeconds: 500,
    check: counted(
      'package',
      (report) => ['test/package/run.mjs', report],
      (counts) => counts,
    ),
  },
};

async function provideRedis() {
  try {
    process.env.REDIS_SERVER_BIN = await ensureRedis((line) => process.stdout.write(`${line} … `));
    return whole({ ok: true, output: '' });
  } catch (error) {
    return whole({ ok: false, output: error.message });
  }
}

/** `notes`: which lines that the tests write are shown whatever comes of them. */
function jest(name, paths, env = {}, notes = /(?!)/g) {
  const node = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', 'node_modules/jest/bin/jest.js'];
  const argsFor = (report) => [...node, '--json', `--outputFile=${report}`, ...paths];
  return counted(name, argsFor, readJestReport, { TMPDIR: FILES, ...env }, notes);
}

function readJestReport({ numPassedTests, numFailedTests, numRuntimeErrorTestSuites, testResults }) {
  const skipped = testResults.flatMap((file) =>
    file.assertionResults
      .filter(({ status }) => status === 'pending' || status === 'todo')
      .map(({ fullName }) => `${fullName} (${file.name.slice(root.length + 1)})`),
  );
  return { passed: numPassedTests, failed: numFailedTests + numRuntimeErrorTestSuites, skipped };
}

/** The steps named after `--only=`, or all. */
function selectSteps(args) {
  const only = args.find((arg) => arg.startsWith('--only='));
  const names = only === undefined ? Object.keys(STEPS) : only.slice('--only='.length).split(',');
  const unknown = [...names.filter((name) => !Object.hasOwn(STEPS, name)), ...args.filter((arg) => arg !== only)];
  if (unknown.length > 0) {
    throw new ScriptFailure(
      `unknown: ${unknown.join(' ')}; expected --only= with some of ${Object.keys(STEPS).join(',')}`,
    );
  }
  return Object.fromEntries(names.map((name) => [name, STEPS[name]]));
}

runAsScript(import.meta, async (args) => {
  if (!(await runSteps(selectSteps(args)))) process.exitCode = 1;
});
