import { join, relative } from 'node:path';
import { buildReplay } from './build.mjs';
import { offerOwnPackage } from './lib/own-package.mjs';
import { ScriptFailure, root, runAsScript } from './lib/project.mjs';

/** `npm run replay`: replays a recorded trace; see examples/replay. */
runAsScript(import.meta, async (args) => {
  await buildReplay();
  // A policy lies where its trace is, not in this project.
  offerOwnPackage();
  const { main } = await import('../dist/replay/main.js');
  const near = (path) => relative(process.cwd(), join(root, path));
  const defaults = {
    trace: near('../shared/traces/tau-airline-gpt4o.jsonl.gz'),
    policy: near('examples/replay/airline.policy.mjs'),
  };
  process.exitCode = await main(args, defaults).catch((error) => {
    throw new ScriptFailure(error.message);
  });
});
