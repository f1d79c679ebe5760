/** `npm start`: builds the library and the example agent backend where needed, and runs the backend. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { endWithNpm } from './lib/end-with-npm.mjs';

endWithNpm();

// In a process of its own, so that signals are the backend's alone.
const build = spawnSync(process.execPath, [fileURLToPath(new URL('./build-example.mjs', import.meta.url))], {
  stdio: 'inherit',
});
if (build.status === 0) await import('../dist/agent-backend/main.js');
else process.exitCode = 1;
