/**
 * `npm run demo [-- --redis --seed=<number> --tasks=<count> --markdown]`: gives the same tasks to the example backend without and
 * with the cache, compares the answers one by one, and prints what the cache saved. Exit code 1 when an answer differs or the
 * cache saves less than is expected of it; a slow machine does not count.
 */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildExample } from './build-example.mjs';
import { startBackend, startRedis } from './demo/backend.mjs';
import { client, comparable } from './demo/client.mjs';
import { progress } from './demo/progress.mjs';
import { expectationList, expectations, tables } from './demo/report.mjs';
import { tasksFrom } from './demo/workload.mjs';
import { ScriptFailure, root, runAsScript } from './lib/project.mjs';

/** What the agent works on: this project's own files, and the sources of a library that it uses. */
const FILES = {
  src: 'src',
  docs: 'docs',
  examples: 'examples',
  'package.json': 'package.json',
  rxjs: 'node_modules/rxjs/src',
};

runAsScript(import.meta, async () => {
  const options = readOptions();
  const say = (line) => process.stderr.write(`${line}\n`);
  say('Building …');
  await buildExample();
  const folder = mkdtempSync(join(tmpdir(), 'agent-cache-demo-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  const started = [];
  try {
    const redis = options.redis ? await startRedis(folder) : namedRedis();
    if (redis?.stop) started.push(redis);
    const store = redis ? (redis.stop ? 'a Redis server of its own' : 'the Redis server of REDIS_URL') : 'memory';
    say(`Two backends: one without a cache, one with the cache in ${store}. Seed ${options.seed}.`);
    const plain = await startBackend(workIn(join(folder, 'plain')), { AGENT_BACKEND_CACHE: 'off' });
    started.unshift(plain);
    const cached = await startBackend(workIn(join(folder, 'cached')), {
      ...(redis ? { REDIS_URL: redis.url, CACHE_PREFIX: `agent-cache-demo-${process.pid}` } : {}),
    });
    started.unshift(cached);

    const tasks = tasksFrom(options.seed, options.tasks, filesIn(join(folder, 'plain/workspace')));
    const result = await play(tasks, client(plain.url, tasks), client(cached.url, tasks));
    report({ ...result, tasks, store, seed: options.seed }, options.markdown);
  } finally {
    for (const one of started) await one.stop();
  }
});

const namedRedis = () => (process.env.REDIS_URL ? { url: process.env.REDIS_URL } : null);

function readOptions() {
  const text = { seed: '1', tasks: '200' };
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: text.seed },
      tasks: { type: 'string', default: text.tasks },
      markdown: { type: 'boolean', default: false },
      redis: { type: 'boolean', default: false },
    },
  });
  const [seed, tasks] = [Number(values.seed), Number(values.tasks)];
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new ScriptFailure(`--seed=${values.seed}: expected a whole number`);
  if (!Number.isSafeInteger(tasks) || tasks < 1) throw new ScriptFailure(`--tasks=${values.tasks}: expected a count`);
  return { seed, tasks, markdown: values.markdown, redis: values.redis };
}

/** A folder for one backend, with a workspace of its own. */
function workIn(folder) {
  mkdirSync(folder);
  for (const [name, source] of Object.entries(FILES))
    cpSync(join(root, source), join(folder, 'workspace', name), { recursive: true, preserveTimestamps: true });
  return folder;
}

function filesIn(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

/** Gives the tasks to both in turn. Resolves to what each did, and where their answers differ. */
export async function play(tasks, plain, cached) {
  const [before, after] = [empty(), empty()];
  const sides = [
    [plain, before],
    [cached, after],
  ];
  const bar = progress(tasks.length);
  try {
    for (let index = 0; index < tasks.length; index++) {
      // In turn, so that whatever else the machine does meanwhile is shared by both.
      for (const [run, side] of sides) {
        const { answer, ms } = await run.task(index);
        side.answers.push(answer);
        side.ms.push(ms);
      }
      bar.step();
    }
  } finally {
    bar.stop();
  }
  for (const [run, side] of sides) side.counts = await run.counts();
  const metrics = await cached.metrics();
  const differing = tasks.flatMap((_, index) =>
    comparable(before.answers[index]) === comparable(after.answers[index]) ? [] : [index],
  );
  const isSameAtTheEnd = comparable(await plain.conversations()) === comparable(await cached.conversations());
  return { before, after, metrics, queryMs: cached.queryMs(), differing, isSameAtTheEnd };
}

const empty = () => ({ answers: [], ms: [], counts: null });

function report(result, isMarkdown) {
  const expected = expectations(result);
  process.stdout.write(`${tables(result, isMarkdown)}\n`);
  process.stdout.write(`${expectationList(expected, isMarkdown)}\n`);
  const { differing, isSameAtTheEnd, seed } = result;
  if (differing.length > 0) {
    process.stderr.write(`Answers differ in tasks ${differing.join(', ')}: run again with --seed=${seed}.\n`);
  } else if (!isSameAtTheEnd) {
    process.stderr.write(
      `Each answer was the same, yet the conversations differ at the end: run again with --seed=${seed}.\n`,
    );
  }
  if (expected.some(({ isMet, isTime }) => !isMet && !isTime)) process.exitCode = 1;
}
