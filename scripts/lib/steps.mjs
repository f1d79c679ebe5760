import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import Table from 'cli-table3';
import { root } from './project.mjs';
import { run } from './run.mjs';

const REPORTS = join(root, 'reports');

/** What a step that is one check found: `{ passed, failed, skipped, output }`. `skipped` holds a line for each, with why. */
export const whole = ({ ok, output }) => ({ passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: [], output });

/** A step that is one check: all the Node commands end well. Every one runs, so that one failure does not hide the next. */
export const allOf =
  (...commands) =>
  async (limitSeconds) => {
    const results = [];
    for (const args of commands) results.push(await run(process.execPath, args, { limitSeconds }));
    const failed = results.filter((result) => !result.ok);
    return whole({ ok: failed.length === 0, output: failed.map((result) => result.output).join('\n') });
  };

/**
 * A step that counts for itself: a Node command that writes a report as JSON. `argsFor` gets the report's path, `read`
 * turns what was written into `{ passed, failed, skipped }`. No report, or nothing counted, is a failure. `notes`: which
 * lines of its output are shown whatever comes of it.
 */
export const counted =
  (name, argsFor, read, env = {}, notes = /(?!)/g) =>
  async (limitSeconds) => {
    const report = join(REPORTS, `${name}.json`);
    mkdirSync(REPORTS, { recursive: true });
    rmSync(report, { force: true });
    const result = await run(process.execPath, argsFor(report), { limitSeconds, env });
    if (!existsSync(report)) return whole({ ok: false, output: result.output });
    const counts = read(JSON.parse(readFileSync(report, 'utf8')));
    if (counts.passed + counts.failed === 0)
      return whole({ ok: false, output: `${result.output}\n${name}: no test ran` });
    // A run that ended badly although no test did, as after a crash on the way out, is a failure of its own.
    if (!result.ok && counts.failed === 0) counts.failed = 1;
    return { ...counts, output: result.output, notes: result.output.match(notes) ?? [] };
  };

/**
 * Runs steps, `{ name: { limitSeconds, check } }`, one after another, whatever comes of each; shows the output of those
 * that fail, a table, notes, what was skipped, and as the last line `N passed, N failed`. Resolves to whether all is well.
 */
export async function runSteps(steps, print = (text) => process.stdout.write(text)) {
  const rows = [];
  for (const [name, { limitSeconds, check }] of Object.entries(steps)) {
    print(`${name} … `);
    const started = performance.now();
    const counts = await check(limitSeconds);
    const seconds = (performance.now() - started) / 1000;
    print(`${counts.failed === 0 ? 'passed' : 'FAILED'} (${seconds.toFixed(0)} s)\n`);
    if (counts.failed > 0) print(`\n${counts.output.trim()}\n\n`);
    rows.push({ name, seconds, ...counts });
  }
  const total = (count) => rows.reduce((sum, row) => sum + row[count], 0);
  print(`\n${tableOf(rows)}\n`);
  for (const note of rows.flatMap(({ notes = [] }) => notes)) print(`${note}\n`);
  for (const { name, skipped } of rows) for (const line of skipped) print(`skipped in ${name}: ${line}\n`);
  print(`\n${total('passed')} passed, ${total('failed')} failed\n`);
  return total('failed') === 0 && total('passed') > 0;
}

function tableOf(rows) {
  const table = new Table({
    head: ['step', 'passed', 'failed', 'skipped', 'seconds'],
    colAligns: ['left', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [], compact: true },
  });
  for (const { name, passed, failed, skipped, seconds } of rows) {
    table.push([name, passed, failed, skipped.length, seconds.toFixed(1)]);
  }
  return table.toString();
}
