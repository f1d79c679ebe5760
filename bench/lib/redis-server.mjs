import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureRedis } from '../../scripts/ensure-redis.mjs';
import { freePort } from '../../scripts/lib/free-port.mjs';
import { ScriptFailure } from '../../scripts/lib/project.mjs';

const START_SECONDS = 10;
const running = new Set();
process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')));

/** Starts a Redis server that forgets everything, on a free port of this machine. */
export async function startRedis() {
  const binary = await ensureRedis((line) => process.stderr.write(`${line}\n`));
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'agent-cache-bench-'));
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder];
  const child = spawn(binary, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  running.add(child);
  const exited = once(child, 'exit');
  await untilReady(child, exited);
  return {
    url: `redis://127.0.0.1:${port}`,
    /** It keeps its connections and answers nothing. */
    pause: () => child.kill('SIGSTOP'),
    resume: () => child.kill('SIGCONT'),
    stop: async () => {
      child.kill('SIGKILL');
      await exited;
      running.delete(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function untilReady(child, exited) {
  let output = '';
  const ready = new Promise((resolve) => {
    child.stdout.on('data', (chunk) => {
      output += chunk;
      if (output.includes('Ready to accept connections')) resolve(true);
    });
  });
  const late = new Promise((resolve) => setTimeout(resolve, START_SECONDS * 1_000, false).unref());
  if ((await Promise.race([ready, late, exited.then(() => false)])) !== true)
    throw new ScriptFailure(`redis-server did not start:\n${output}`);
}
