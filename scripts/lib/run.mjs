import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { endWithNpm } from './end-with-npm.mjs';
import { root } from './project.mjs';

/** How long a command has to end what it started itself, before it is ended by force. */
const PATIENCE_MS = 2_000;

const running = new Set();
let isEnding = false;

endWithNpm();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => void end(signal));

/** Ends all commands, then this process, with the code that shells give the signal. */
async function end(signal) {
  isEnding = true;
  for (const { child } of running) signalGroup(child, 'SIGTERM');
  const force = setTimeout(() => {
    for (const { child } of running) signalGroup(child, 'SIGKILL');
  }, PATIENCE_MS);
  await Promise.all([...running].map(({ closed }) => closed));
  clearTimeout(force);
  process.exit(128 + constants.signals[signal]);
}

/** To a command and what it started: each one leads a process group of its own. */
function signalGroup(child, signal) {
  try {
    process.kill(-child.pid, signal);
  } catch {
    // It had ended by itself.
  }
}

/**
 * Runs one command and resolves, whatever happens, to `{ ok, code, output }`; `output` is what it wrote to both
 * streams, in order. After `limitSeconds` it is ended with everything it started, and `output` says so.
 */
export function run(command, args, { cwd = root, env = {}, limitSeconds = 600 } = {}) {
  if (isEnding) return new Promise(() => {});
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const chunks = [];
  const notes = [];
  const timer = setTimeout(() => {
    notes.push(`\nstopped: not finished after ${limitSeconds} seconds\n`);
    signalGroup(child, 'SIGKILL');
  }, limitSeconds * 1000);
  child.stdout.on('data', (chunk) => chunks.push(chunk));
  child.stderr.on('data', (chunk) => chunks.push(chunk));
  child.on('error', (error) => notes.push(`\n${command} could not be started: ${error.message}\n`));
  const started = { child, closed: new Promise((resolve) => child.on('close', resolve)) };
  running.add(started);
  return started.closed.then((code) => {
    clearTimeout(timer);
    running.delete(started);
    const output = Buffer.concat(chunks).toString() + notes.join('');
    return { ok: code === 0 && notes.length === 0, code, output };
  });
}
