import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundle } from './lib/bundle.mjs';
import { fingerprint } from './lib/fingerprint.mjs';
import { withLock } from './lib/lock.mjs';
import { ScriptFailure, root, runAsScript } from './lib/project.mjs';
import { run } from './lib/run.mjs';

const node = process.execPath;
const nest = (...args) => run(node, ['node_modules/@nestjs/cli/bin/nest.js', 'build', ...args], { limitSeconds: 240 });

/**
 * Runs `steps` (each resolves to a result of `run`) unless what they read (`inputs`) and what they wrote last time
 * (`outputs`) is unchanged. Throws with their output when one fails. Resolves to whether anything was built.
 */
export async function buildIfChanged({ name, inputs, outputs, steps, force = false }) {
  const stamp = join(root, 'dist/.built', name);
  const state = () => fingerprint([...inputs, ...outputs]);
  if (!force && readStamp(stamp) === state()) return false;
  return withLock(`${stamp}.lock`, async () => {
    // Another process may have built it while this one waited.
    if (!force && readStamp(stamp) === state()) return false;
    const results = await Promise.all(steps.map((step) => step()));
    const failed = results.filter((result) => !result.ok).map((result) => result.output);
    if (failed.length > 0) throw new ScriptFailure(`${name}: the build failed\n${failed.join('\n')}`);
    writeFileSync(stamp, state());
    return true;
  });
}

function readStamp(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

/** Builds the package: compiled modules into dist/modules, and what is shipped of them into dist/esm and dist/cjs. */
export function buildLibrary({ force = false } = {}) {
  return buildIfChanged({
    name: 'library',
    inputs: [
      'src',
      'scripts/lib/bundle.mjs',
      'tsconfig.json',
      'tsconfig.build.json',
      'nest-cli.json',
      'package-lock.json',
    ],
    outputs: ['dist/modules', 'dist/esm', 'dist/cjs'],
    steps: [compileAndBundle],
    force,
  });
}

async function compileAndBundle() {
  const compiled = await nest();
  if (!compiled.ok) return compiled;
  try {
    await bundle();
    return compiled;
  } catch (error) {
    return { ok: false, output: error.stack };
  }
}

/** Builds the replay into dist/replay; it uses the built package. */
export async function buildReplay({ force = false } = {}) {
  await buildLibrary({ force });
  return buildIfChanged({
    name: 'replay',
    inputs: ['examples/replay', 'dist/esm', 'tsconfig.json'],
    outputs: ['dist/replay'],
    steps: [
      () =>
        run(node, ['node_modules/typescript/bin/tsc', '-p', 'examples/replay/tsconfig.build.json'], {
          limitSeconds: 120,
        }),
    ],
    force,
  });
}

runAsScript(import.meta, async (args) => {
  const unknown = args.filter((arg) => arg !== '--force');
  if (unknown.length > 0) throw new ScriptFailure(`unknown: ${unknown.join(' ')}; the build takes --force or nothing`);
  const isBuilt = await buildLibrary({ force: args.includes('--force') });
  process.stdout.write(isBuilt ? 'built dist/esm and dist/cjs\n' : 'dist is up to date\n');
});
