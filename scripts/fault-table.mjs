import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureRedis } from './ensure-redis.mjs';
import { differences, readRows, tableIn, withTable } from './lib/fault-rows.mjs';
import { ScriptFailure, root, runAsScript } from './lib/project.mjs';
import { run } from './lib/run.mjs';

const PAGE = 'docs/concepts/fail-safe.md';
const REPORT = 'reports/faults.json';
const LIMIT_SECONDS = 900;

/** Specs that record what they have measured, wherever they are; those of `test/chaos/` in any case. */
function faultSpecs() {
  const specs = readdirSync(join(root, 'test'), { recursive: true }).filter((name) => name.endsWith('.spec.ts'));
  const records = (name) => readFileSync(join(root, 'test', name), 'utf8').includes('recordFault');
  return [
    'test/chaos/',
    ...specs.filter((name) => !/^(?:chaos|unit)\//.test(name) && records(name)).map((name) => `test/${name}`),
  ];
}

/** Runs the specs one after another, with nothing beside them, and answers the rows that they have recorded. */
async function measure() {
  const folder = mkdtempSync(join(tmpdir(), 'fault-report-'));
  try {
    const node = [
      '--experimental-vm-modules',
      '--disable-warning=ExperimentalWarning',
      'node_modules/jest/bin/jest.js',
    ];
    const redis = await ensureRedis((line) => process.stdout.write(`${line}\n`));
    const env = { FAULT_REPORT: folder, TIMED: 'retry', REDIS_SERVER_BIN: redis };
    const args = [...node, '--maxWorkers=1', '--workerIdleMemoryLimit=1MB', ...faultSpecs()];
    const { ok, output } = await run(process.execPath, args, { env, limitSeconds: LIMIT_SECONDS });
    if (!ok)
      throw new ScriptFailure(
        `${output}\n\nThe tests of faults fail: mend them first, the table is made of what they report.`,
      );
    return readRows(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What is wrong with the page, by what was measured. */
function problemsOf(page, rows) {
  const table = tableIn(page);
  if (table === null) throw new ScriptFailure(`${PAGE} has lost the markers of its table: put them back`);
  if (rows.length === 0)
    return [
      'no test has reported a fault: the steps tests, faults, settling and race of `npm test` do, with FAULT_REPORT set',
    ];
  const pages = [...new Set(rows.map((row) => `docs/concepts/faults/${row.class}.md`))];
  const missing = pages.filter((path) => !existsSync(join(root, path)));
  return [...missing.map((path) => `${path}: there is no such page; write it`), ...differences(table, rows)];
}

/** `from`: the folder with what a run of the tests has recorded; without it, the tests are run. */
async function checkTable({ isUpdate, from }) {
  const rows = from === undefined ? await measure() : readRows(from);
  mkdirSync(join(root, 'reports'), { recursive: true });
  writeFileSync(join(root, REPORT), `${JSON.stringify(rows, null, 2)}\n`);
  const path = join(root, PAGE);
  if (isUpdate && rows.length > 0) writeFileSync(path, withTable(readFileSync(path, 'utf8'), rows));
  const problems = problemsOf(readFileSync(path, 'utf8'), rows);
  if (problems.length > 0) throw new ScriptFailure(`${PAGE} is not what the tests say:\n${problems.join('\n')}`);
  return rows.length;
}

/** `npm run faults`: compares the table of faults with what their tests measure; with `--update`, writes it. */
runAsScript(import.meta, async (args) => {
  const from = args.find((arg) => arg.startsWith('--from='));
  if (args.some((arg) => arg !== '--update' && arg !== from)) {
    throw new ScriptFailure('npm run faults takes --update, --from=<folder of a run with FAULT_REPORT>, or nothing');
  }
  const isUpdate = args.includes('--update');
  const count = await checkTable({ isUpdate, from: from?.slice('--from='.length) });
  process.stdout.write(`${count} faults are ${isUpdate ? 'written to' : 'as they are in'} ${PAGE}; see ${REPORT}\n`);
});
