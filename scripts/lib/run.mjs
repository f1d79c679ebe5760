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
 * Runs one command and resolves, whatever happens, to `{ ok, code, output, seconds }`; `output` is what it wrote to both
 * streams, in order. After `limitSeconds` it is ended with everything it started, and `output` says so.
 */
export function run(command, args, { cwd = root, env = {}, limitSeconds = 600, input } = {}) {
  const started = performance.now();
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const chunks = [];
    let timer;
    const end = (code, note = '') => {
      clearTimeout(timer);
      running.delete(child);
      const output = Buffer.concat(chunks).toString() + note;
      resolve({ ok: code === 0 && note === '', code, output, seconds: (performance.now() - started) / 1000 });
    };
    running.add(child);
    let note = '';
    timer = setTimeout(() => {
      note = `\nstopped: not finished after ${limitSeconds} seconds\n`;
      stopGroup(child);
    }, limitSeconds * 1000);
    child.stdout.on('data', (chunk) => chunks.push(chunk));
    child.stderr.on('data', (chunk) => chunks.push(chunk));
    child.on('error', (error) => end(null, `\n${command} could not be started: ${error.message}\n`));
    child.on('close', (code) => end(code, note));
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}
