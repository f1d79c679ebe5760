import { buildIfChanged, buildLibrary } from './build.mjs';
import { root, runAsScript } from './lib/project.mjs';
import { run } from './lib/run.mjs';
import { join } from 'node:path';

/** Builds the package and the example agent backend (into dist/agent-backend) where their sources have changed. */
export async function buildExample() {
  await buildLibrary();
  await buildIfChanged({
    name: 'agent-backend',
    inputs: ['examples/agent-backend', 'dist/esm', 'tsconfig.json', 'nest-cli.json'],
    outputs: ['dist/agent-backend'],
    steps: [
      () => run(process.execPath, [join(root, 'node_modules/@nestjs/cli/bin/nest.js'), 'build', 'agent-backend']),
    ],
  });
}

runAsScript(import.meta, () => buildExample());
