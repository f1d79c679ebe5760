import { existsSync } from 'node:fs';
import { relative } from 'node:path';
import { parseArgs } from 'node:util';
import { startProgress } from './progress.js';
import { loadPolicy, variantsOf, type ReplayPolicy } from './replay-policy.js';
import { replay } from './replay.js';
import { comparisonTable, reportTable, rowForMachines, type Row } from './report-table.js';
import { readTrace, type RecordedCall } from './trace.js';

const USAGE =
  'npm run replay -- [trace.jsonl.gz] [--policy policy.mjs …] [--what-if] [--json] [--redis redis://127.0.0.1:6379]';

/** Files that are used where none are named. */
export interface Defaults {
  readonly trace: string;
  readonly policy: string;
}

/**
 * Replays a trace as the arguments say and prints what came of it. Resolves to the exit code: 1 after a wrong hit under a
 * policy that was named. Variants that were only asked about may be wrong.
 */
export async function main(args: readonly string[], defaults: Defaults): Promise<number> {
  const { values, positionals } = parse(args);
  const file = positionals[0] ?? defaults.trace;
  if (!existsSync(file)) throw new Error(`There is no trace ${file}: name one, as in ${USAGE}`);
  forgetCacheVariables();
  const policies = await Promise.all((values.policy ?? [defaults.policy]).map(loadPolicy));
  const rows = await replayAll(await readTrace(file), file, {
    policies: values['what-if'] ? policies.flatMap(variantsOf) : policies,
    redisUrl: values.redis ?? null,
  });
  print(rows, { file, json: values.json, store: values.redis === undefined ? 'memory' : 'Redis' });
  return rows.some(({ policy, report }) => policies.includes(policy) && report.wrongHits.length > 0) ? 1 : 0;
}

async function replayAll(
  calls: readonly RecordedCall[],
  file: string,
  { policies, redisUrl }: { policies: readonly ReplayPolicy[]; redisUrl: string | null },
): Promise<Row[]> {
  if (calls.length === 0) throw new Error(`${file} holds no call`);
  const progress = startProgress(calls.length * policies.length);
  const rows: Row[] = [];
  try {
    for (const policy of policies) {
      const before = rows.length * calls.length;
      const onProgress = (done: number): void => progress.update(before + done);
      rows.push({ policy, report: await replay(calls, policy, { redisUrl, onProgress }) });
    }
    return rows;
  } finally {
    progress.stop();
  }
}

interface Arguments {
  values: { policy?: string[]; 'what-if': boolean; json: boolean; redis?: string };
  positionals: string[];
}

function parse(args: readonly string[]): Arguments {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        policy: { type: 'string', multiple: true },
        'what-if': { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        redis: { type: 'string' },
      },
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

function print(rows: readonly Row[], how: { file: string; json: boolean; store: string }): void {
  const file = relative(process.cwd(), how.file);
  const lines = how.json
    ? [JSON.stringify({ trace: file, store: how.store, rows: rows.map(rowForMachines) }, null, 2)]
    : [...tables(rows, `${file}, kept in ${how.store}`), ...warnings(rows)];
  process.stdout.write(`${lines.join('\n')}\n`);
}

function tables(rows: readonly Row[], title: string): string[] {
  const [only, ...others] = rows;
  if (!only || others.length > 0) return [title, comparisonTable(rows)];
  const { name, share, state } = only.policy;
  return [`${title}, policy ${name}, state ${state}, shared by ${share}`, reportTable(only.report)];
}

function warnings(rows: readonly Row[]): string[] {
  const isTimeUnknown = rows.some(({ report }) => report.timeSources.includes('unknown'));
  const without = rows.filter(({ report }) => report.total.eligible === 0).map(({ policy }) => policy.name);
  return [
    ...(isTimeUnknown ? ['How long a call takes is said neither by the trace nor by the policy (`ms`).'] : []),
    ...[...new Set(without)].map(
      (name) =>
        `No call was eligible: ${name} describes none of these tools as READ_ONLY. Give a policy with --policy.`,
    ),
  ];
}
