import { existsSync } from 'node:fs';
import { relative } from 'node:path';
import { parseArgs } from 'node:util';
import { startProgress } from './progress.js';
import { loadPolicy, type ReplayPolicy } from './replay-policy.js';
import { replay, type ReplayReport } from './replay.js';
import { reportTable } from './report-table.js';
import { readTrace } from './trace.js';

const USAGE = 'npm run replay -- [trace.jsonl.gz] [--policy policy.mjs] [--json] [--redis redis://127.0.0.1:6379]';

/** Files that are used where none are named. */
export interface Defaults {
  readonly trace: string;
  readonly policy: string;
}

/** Replays a trace as the arguments say and prints what came of it. Resolves to the exit code: 1 after a wrong hit. */
export async function main(args: readonly string[], defaults: Defaults): Promise<number> {
  const { values, positionals } = parse(args);
  const file = positionals[0] ?? defaults.trace;
  if (!existsSync(file)) throw new Error(`There is no trace ${file}: name one, as in ${USAGE}`);
  forgetCacheVariables();
  const policy = await loadPolicy(values.policy ?? defaults.policy);
  const calls = await readTrace(file);
  if (calls.length === 0) throw new Error(`${file} holds no call`);
  const progress = startProgress(calls.length);
  const report = await replay(calls, policy, {
    redisUrl: values.redis ?? null,
    onProgress: (done) => progress.update(done),
  }).finally(() => progress.stop());
  print(report, policy, { file, json: values.json, store: values.redis === undefined ? 'memory' : 'Redis' });
  return report.wrongHits.length > 0 ? 1 : 0;
}

function parse(args: readonly string[]): {
  values: { policy?: string; json: boolean; redis?: string };
  positionals: string[];
} {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { policy: { type: 'string' }, json: { type: 'boolean', default: false }, redis: { type: 'string' } },
    });
    if (positionals.length <= 1) return { values, positionals };
  } catch {
    // Told below, as for too many traces.
  }
  throw new Error(`expected ${USAGE}`);
}

/** A replay says the same on every machine: what the app's environment says of the cache does not reach it. */
function forgetCacheVariables(): void {
  for (const name of Object.keys(process.env)) {
    if (/^(REDIS_|CACHE_|LLAMAINDEX_CACHE_|ENABLE_CACHE$)/.test(name)) delete process.env[name];
  }
}

function print(report: ReplayReport, policy: ReplayPolicy, how: { file: string; json: boolean; store: string }): void {
  const file = relative(process.cwd(), how.file);
  if (how.json) {
    const { share, state } = policy;
    process.stdout.write(`${JSON.stringify({ trace: file, store: how.store, share, state, ...report }, null, 2)}\n`);
    return;
  }
  process.stdout.write(
    `${file}, shared by ${policy.share}, state ${policy.state}, kept in ${how.store}\n${reportTable(report)}\n`,
  );
  if (report.timeSources.includes('unknown')) {
    process.stdout.write('How long a call takes is said neither by the trace nor by the policy (`ms`).\n');
  }
  if (report.total.eligible === 0) {
    process.stdout.write(
      'No call was eligible: the policy describes none of these tools as READ_ONLY. Give one with --policy.\n',
    );
  }
}
