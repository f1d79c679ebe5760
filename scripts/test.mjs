import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import Table from 'cli-table3';
import { ensureRedis } from './ensure-redis.mjs';
import { ScriptFailure, root, runAsScript } from './lib/project.mjs';
import { run } from './lib/run.mjs';

const node = process.execPath;
const REPORTS = join(root, 'reports');

/** What a step found: how many checks passed and failed, what was skipped and why, and what to show when it failed. */
const whole = (result) => ({
  passed: result.ok ? 1 : 0,
  failed: result.ok ? 0 : 1,
  skipped: [],
  output: result.output,
});

/** A step that is one check: all `commands` end well. They all run, so that one failure does not hide the next. */
const commands =
  (...list) =>
  async (limitSeconds) => {
    const results = [];
    for (const args of list) results.push(await run(node, args, { limitSeconds }));
    const failed = results.filter((result) => !result.ok);
    return whole({ ok: failed.length === 0, output: failed.map((result) => result.output).join('\n') });
  };

/** A step that counts for itself: `args` get the path of a report to write, which `read` understands. */
const counting =
  (name, args, read, env = {}) =>
  async (limitSeconds) => {
    const report = join(REPORTS, `${name}.json`);
    rmSync(report, { force: true });
    const result = await run(node, args(report), { limitSeconds, env });
    if (!existsSync(report)) return whole({ ...result, ok: false });
    const counts = read(JSON.parse(readFileSync(report, 'utf8')));
    if (counts.passed + counts.failed === 0) return whole({ ok: false, output: `${result.output}\nno test ran` });
    // A run that ended badly although no test did, as after a crash on the way out, is a failure of its own.
    if (!result.ok && counts.failed === 0) counts.failed = 1;
    return { ...counts, output: result.output };
  };

const jest = (name, paths, env = {}) =>
  counting(
    name,
    (report) => [
      '--experimental-vm-modules',
      '--no-warnings=ExperimentalWarning',
      'node_modules/jest/bin/jest.js',
      '--json',
      `--outputFile=${report}`,
      ...paths,
    ],
    readJestReport,
    env,
  );

function readJestReport(report) {
  const titles = report.testResults.flatMap((file) =>
    file.assertionResults
      .filter(({ status }) => status === 'pending' || status === 'todo')
      .map(({ fullName }) => `${file.name.slice(root.length + 1)}: ${fullName}`),
  );
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + report.numRuntimeErrorTestSuites,
    skipped: titles,
  };
}

async function provideRedis() {
  const lines = [];
  try {
    process.env.REDIS_SERVER_BIN = await ensureRedis((line) => lines.push(line));
    return whole({ ok: true, output: '' });
  } catch (error) {
    if (!(error instanceof ScriptFailure)) throw error;
    return whole({ ok: false, output: [...lines, error.message].join('\n') });
  }
}

/** All steps in their order: what to run, and the seconds after which it is stopped. */
const STEPS = {
  redis: { limitSeconds: 900, check: provideRedis },
  lint: {
    limitSeconds: 240,
    check: commands(
      ['node_modules/eslint/bin/eslint.js', '.'],
      ['node_modules/prettier/bin/prettier.cjs', '--check', '.'],
    ),
  },
  types: { limitSeconds: 120, check: commands(['node_modules/typescript/bin/tsc', '--noEmit', '-p', 'tsconfig.json']) },
  layout: {
    limitSeconds: 60,
    check: commands([
      'node_modules/dependency-cruiser/bin/dependency-cruise.mjs',
      'src',
      'examples',
      '--config',
      '.dependency-cruiser.cjs',
    ]),
  },
  build: { limitSeconds: 180, check: commands(['scripts/build.mjs']) },
  api: { limitSeconds: 60, check: commands(['scripts/api-baseline.mjs']) },
  snippets: { limitSeconds: 30, check: commands(['scripts/snippets.mjs']) },
  jest: { limitSeconds: 420, check: jest('jest', []) },
  'jest-nest-11': { limitSeconds: 240, check: jest('jest-nest-11', ['test/e2e/'], { NEST: '11' }) },
  package: {
    limitSeconds: 300,
    check: counting(
      'package',
      (report) => ['test/package/run.mjs', report],
      (report) => report,
    ),
  },
};

/** The names after `--only=`, or all. */
function selectSteps(args) {
  const only = args.find((arg) => arg.startsWith('--only='))?.slice('--only='.length);
  const names = only === undefined ? Object.keys(STEPS) : only.split(',').filter(Boolean);
  const unknown = [...names.filter((name) => !STEPS[name]), ...args.filter((arg) => !arg.startsWith('--only='))];
  if (unknown.length > 0) {
    throw new ScriptFailure(
      `unknown: ${unknown.join(' ')}; expected --only= and some of ${Object.keys(STEPS).join(',')}`,
    );
  }
  return names;
}

async function runSteps(names) {
  mkdirSync(REPORTS, { recursive: true });
  const rows = [];
  for (const name of names) {
    process.stdout.write(`${name} … `);
    const { limitSeconds, check } = STEPS[name];
    const started = performance.now();
    const counts = await check(limitSeconds);
    const seconds = (performance.now() - started) / 1000;
    process.stdout.write(`${counts.failed === 0 ? 'passed' : 'FAILED'} (${seconds.toFixed(0)} s)\n`);
    if (counts.failed > 0) process.stdout.write(`\n${counts.output.trim()}\n\n`);
    rows.push({ name, seconds, ...counts });
  }
  return rows;
}

function show(rows) {
  const table = new Table({
    head: ['step', 'passed', 'failed', 'skipped', 'seconds'],
    colAligns: ['left', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [] },
  });
  for (const { name, passed, failed, skipped, seconds } of rows) {
    table.push([name, passed, failed, skipped.length, seconds.toFixed(1)]);
  }
  process.stdout.write(`\n${table.toString()}\n`);
  for (const { name, skipped } of rows)
    for (const title of skipped) process.stdout.write(`skipped in ${name}: ${title}\n`);
}

runAsScript(import.meta, async (args) => {
  const rows = await runSteps(selectSteps(args));
  show(rows);
  const sum = (count) => rows.reduce((total, row) => total + row[count], 0);
  process.stdout.write(`\n${sum('passed')} passed, ${sum('failed')} failed\n`);
  if (sum('failed') > 0 || sum('passed') === 0) process.exitCode = 1;
});
