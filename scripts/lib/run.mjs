import { spawn } from 'node:child_process';
import { root } from './project.mjs';

const running = new Set();
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    for (const child of running) stopGroup(child);
    process.kill(process.pid, signal);
  });
}

/** Ends a command together with what it started: each one leads a process group of its own. */
function stopGroup(child) {
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It had ended by itself.
  }
}

/**
 * Runs one command and resolves, whatever happens, to `{ ok, code, output }`; `output` is what it wrote to both
 * streams, in order. After `limitSeconds` it is ended with everything it started, and `output` says so.
 */
export function run(command, args, { cwd = root, env = {}, limitSeconds = 600 } = {}) {
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const chunks = [];
  const notes = [];
  running.add(child);
  const timer = setTimeout(() => {
    notes.push(`\nstopped: not finished after ${limitSeconds} seconds\n`);
    stopGroup(child);
  }, limitSeconds * 1000);
  child.stdout.on('data', (chunk) => chunks.push(chunk));
  child.stderr.on('data', (chunk) => chunks.push(chunk));
  child.on('error', (error) => notes.push(`\n${command} could not be started: ${error.message}\n`));
  return new Promise((resolve) => {
    child.on('close', (code) => {
      clearTimeout(timer);
      running.delete(child);
      const output = Buffer.concat(chunks).toString() + notes.join('');
      resolve({ ok: code === 0 && notes.length === 0, code, output });
    });
  });
}
