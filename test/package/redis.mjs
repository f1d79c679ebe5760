import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureRedis } from '../../scripts/ensure-redis.mjs';
import { freePort } from '../../scripts/lib/free-port.mjs';

/** Runs `work(url)` beside a Redis server of its own. */
export async function withRedis(work) {
  const folder = await mkdtemp(join(tmpdir(), 'package-redis-'));
  const port = await freePort();
  const args = ['--port', port, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder];
  const server = spawn(await ensureRedis(), args.map(String), { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(server, 'exit');
  try {
    await Promise.race([
      ready(server),
      exited.then(([code]) => Promise.reject(new Error(`redis-server ended with ${code}`))),
    ]);
    return await work(`redis://127.0.0.1:${port}`);
  } finally {
    server.kill('SIGKILL');
    await exited;
    await rm(folder, { recursive: true, force: true });
  }
}

function ready(server) {
  return new Promise((resolve) => {
    let log = '';
    server.stdout.on('data', (chunk) => {
      log += chunk;
      if (/ready to accept connections/i.test(log)) resolve();
    });
  });
}
