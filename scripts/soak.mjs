/**
 * `npm run soak [-- --seconds=<count> --seed=<number>]`: two processes make 1,000 calls a second each while one fault of Redis follows
 * another, for ten minutes by default. Prints what came of it, and writes all of it to reports/soak.json, whose fields
 * `SoakReport` in test/soak/report.ts describes. Exit code 1 when something did not hold. Runs on the sources.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { register } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureRedis } from './ensure-redis.mjs';
import { ScriptFailure, root, runAsScript } from './lib/project.mjs';
import { progress } from './soak/progress.mjs';
import { tables, verdictList } from './soak/report.mjs';

runAsScript(import.meta, async () => {
  const { seconds, seed } = readOptions();
  process.env.REDIS_SERVER_BIN ??= await ensureRedis((line) => process.stderr.write(`${line} …\n`));
  // As processes of tests run TypeScript; see test/support/typescript.mjs.
  register('../test/support/typescript-hooks.mjs', import.meta.url);
  const { holdSoak } = await import('../test/soak/soak.ts');
  process.stderr.write(`A soak of ${seconds} s, seed ${seed}.\n`);
  const bar = progress();
  const report = await holdSoak({ seconds, seed, onFault: bar.fault }).finally(() => bar.stop());
  const file = join(root, 'reports/soak.json');
  mkdirSync(join(root, 'reports'), { recursive: true });
  writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);
  process.stdout.write(`${tables(report)}\n\n${verdictList(report)}\n`);
  process.stderr.write(
    `All of it is in reports/soak.json. To run it again: npm run soak -- --seconds=${seconds} --seed=${seed}\n`,
  );
  if (!report.isHeld) process.exitCode = 1;
});

function readOptions() {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '600' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000_000)) },
    },
  });
  const [seconds, seed] = [Number(values.seconds), Number(values.seed)];
  if (!Number.isSafeInteger(seconds) || seconds < 10)
    throw new ScriptFailure(`--seconds=${values.seconds}: expected a whole number, 10 or more`);
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new ScriptFailure(`--seed=${values.seed}: expected a whole number, 0 or more`);
  return { seconds, seed };
}
