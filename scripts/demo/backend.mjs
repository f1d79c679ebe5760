import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { delimiter, join } from 'node:path';
import { accessSync, constants } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../lib/free-port.mjs';
import { ScriptFailure, root } from '../lib/project.mjs';

const START_SECONDS = 20;
const children = new Set();
// Signals, too, end the process by an exit: see lib/run.mjs, with which the demo builds.
process.once('exit', () => children.forEach((child) => child.kill('SIGKILL')));

/** Starts one example backend as a process of its own; `environment` says what is special about it. */
export async function startBackend(folder, environment) {
  const port = await freePort();
  const child = start(process.execPath, [join(root, 'dist/agent-backend/main.js')], {
    cwd: folder,
    env: {
      ...withoutCacheSettings(process.env),
      HOST: '127.0.0.1',
      PORT: String(port),
      AGENT_BACKEND_WORKSPACE: join(folder, 'workspace'),
      AGENT_BACKEND_DATABASE: join(folder, 'backend.db'),
      ...environment,
    },
  });
  const url = `http://127.0.0.1:${port}`;
  await until(() => fetch(`${url}/health`).then(({ ok }) => ok), child, 'the backend');
  return { url, stop: () => stop(child) };
}

/** Starts a Redis server that forgets everything. */
export async function startRedis(folder) {
  const binary = ['redis-server', 'valkey-server'].map(onPath).find(Boolean);
  if (!binary)
    throw new ScriptFailure('--redis needs redis-server or valkey-server on the PATH; or set REDIS_URL instead.');
  const port = await freePort();
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder];
  const child = start(binary, args, { cwd: folder });
  await until(async () => child.output.includes('Ready to accept connections'), child, 'redis-server');
  return { url: `redis://127.0.0.1:${port}`, stop: () => stop(child) };
}

function start(command, args, options) {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  children.add(child);
  child.output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => (child.output = (child.output + chunk).slice(-4_000)));
  }
  child.once('exit', () => children.delete(child));
  return child;
}

async function until(isReady, child, name) {
  for (const end = Date.now() + START_SECONDS * 1_000; Date.now() < end; await sleep(50)) {
    if (child.exitCode !== null) break;
    if (await isReady().catch(() => false)) return;
  }
  throw new ScriptFailure(`${name} did not start:\n${child.output}`);
}

async function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}

/** Whatever the shell has set for a cache must not make the two backends differ from what the table says. */
function withoutCacheSettings(environment) {
  const isOther = ([name]) => !/^(CACHE_|REDIS_|AGENT_BACKEND_|EMBEDDINGS_|ENABLE_CACHE|LLAMAINDEX_CACHE_)/.test(name);
  return Object.fromEntries(Object.entries(environment).filter(isOther));
}

function onPath(name) {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}
