/**
 * `npm run bench [-- --only=<question,…> --json=<file> --quick --no-peers]`: what does the cache cost, compared with the bare parts doing the
 * same work in the same run, with the targets, and with the best of the other caches? Prints one table. Exit code 1 when
 * a row is worse than the best peer's; with `--quick`, which only shows that everything runs, never for that. The
 * peers are measured in the same run where that can be done, unless `--no-peers` or `--quick` is given.
 */
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { buildLibrary } from '../scripts/build.mjs';
import { ScriptFailure, runAsScript } from '../scripts/lib/project.mjs';
import { progress } from './lib/progress.mjs';
import { startRedis } from './lib/redis-server.mjs';
import { tableOf } from './lib/report.mjs';
import { worseOf } from './lib/rows.mjs';
import { installPeers } from './peers/peers.mjs';

/** How often each rival has its turn, and for how long: short turns, so that both have the same of what else the machine does. */
const FULL = { isQuick: false, rounds: 11, roundMs: 110 };
const QUICK = { isQuick: true, rounds: 1, roundMs: 20 };

/** Each is a file of its own in `questions/`. */
export const QUESTIONS = [
  ...['memory-hit', 'decorated-hit', 'key', 'tags', 'redis-hit', 'embedding', 'embedding-batch', 'cold-key'],
  ...['redis-away', 'redis-hanging', 'coherence', 'start-up'],
];

runAsScript(import.meta, async () => {
  const { names, json, isQuick, wantsPeers } = readOptions();
  await buildLibrary();
  const hasPeers = wantsPeers && (await installPeers());
  const rows = await ask(names, { ...(isQuick ? QUICK : FULL), hasPeers });
  process.stdout.write(`Node ${process.versions.node}, ${cpus().length} cores (${cpus()[0]?.model.trim()})\n`);
  process.stdout.write(`${tableOf(rows)}\n`);
  if (json) writeFileSync(json, asJson({ node: process.versions.node, isQuick, rows }));
  const worse = worseOf(rows, { isQuick });
  if (worse.length === 0) return;
  process.stderr.write(`${worse.length} of ${rows.length} rows are worse than the best peer's.\n`);
  process.exitCode = 1;
});

/** JSON knows no infinite number. */
const asJson = (report) => `${JSON.stringify(report, (_, value) => (value === Infinity ? 'never' : value), 2)}\n`;

function readOptions() {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      json: { type: 'string' },
      quick: { type: 'boolean', default: false },
      'no-peers': { type: 'boolean', default: false },
    },
  });
  const names = values.only === undefined ? QUESTIONS : values.only.split(',');
  const unknown = names.filter((name) => !QUESTIONS.includes(name));
  if (unknown.length > 0)
    throw new ScriptFailure(`unknown: ${unknown.join(' ')}; expected --only= with some of ${QUESTIONS.join(',')}`);
  return { names, json: values.json, isQuick: values.quick, wantsPeers: !values['no-peers'] && !values.quick };
}

/** The rows of all questions, asked one after another: what runs beside would be measured, too. */
async function ask(names, effort) {
  const redis = await startRedis();
  const bar = progress(names.length);
  const rows = [];
  try {
    for (const [index, name] of names.entries()) {
      bar.begin(index, name);
      const { measure } = await import(`./questions/${name}.mjs`);
      rows.push(...(await measure({ ...effort, url: redis.url })));
    }
  } finally {
    bar.stop();
    await redis.stop();
  }
  return rows;
}
