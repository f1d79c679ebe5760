import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RedisServer } from '../../support/redis-server.js';

const root = resolve(import.meta.dirname, '../../..');
const { freePort } = (await import(`${root}/scripts/lib/free-port.mjs`)) as { freePort: () => Promise<number> };

interface Step {
  readonly kind: string;
  readonly cache_hit: boolean;
}

/** `npm start`, in a process of its own. */
class Backend {
  private constructor(
    private readonly child: ChildProcess,
    private readonly url: string,
  ) {}

  static async start(environment: Readonly<Record<string, string>>): Promise<Backend> {
    const port = String(await freePort());
    const env = { ...process.env, NODE_OPTIONS: '', ...environment, PORT: port };
    const child = spawn(process.execPath, [join(root, 'scripts/start.mjs')], { cwd: root, env, stdio: 'ignore' });
    const backend = new Backend(child, `http://127.0.0.1:${port}`);
    for (let attempt = 0; attempt < 600; attempt++) {
      if (await backend.isConnected()) return backend;
      await sleep(100);
    }
    await backend.stop();
    throw new Error('the backend did not reach Redis within a minute');
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null) return;
    this.child.kill('SIGTERM');
    await once(this.child, 'close');
  }

  async task(body: object): Promise<readonly Step[]> {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${this.url}/task`, { method: 'POST', headers, body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`POST /task answered ${response.status}`);
    const { steps } = (await response.json()) as { steps: readonly Step[] };
    return steps.filter(({ kind }) => kind === 'tool');
  }

  private async isConnected(): Promise<boolean> {
    try {
      const response = await fetch(`${this.url}/cache/health`);
      return ((await response.json()) as { connected: boolean }).connected;
    } catch {
      return false;
    }
  }
}

const READS = [
  { tool: 'read_file', params: { path: 'notes/a.md' } },
  { tool: 'read_file', params: { path: 'notes/b.md' } },
  { tool: 'list_directory', params: { path: 'notes' } },
  { tool: 'search_files', params: { query: 'text', path: 'src' } },
];

describe('two processes of the example backend on one Redis and one workspace', () => {
  let redis: RedisServer;
  let folder: string;
  let here: Backend;
  let there: Backend;

  beforeAll(async () => {
    redis = await RedisServer.start();
    folder = await mkdtemp(join(tmpdir(), 'two-backends-'));
    for (const name of ['notes', 'src']) await mkdir(join(folder, 'workspace', name), { recursive: true });
    for (const name of ['notes/a.md', 'notes/b.md', 'src/c.md'])
      await writeFile(join(folder, 'workspace', name), 'text');
    const start = (name: string): Promise<Backend> =>
      Backend.start({
        REDIS_URL: redis.url,
        CACHE_REDIS_TIMEOUT: '2s',
        AGENT_BACKEND_WORKSPACE: join(folder, 'workspace'),
        AGENT_BACKEND_DATABASE: join(folder, `${name}.db`),
      });
    // One after the other: both build what has changed.
    here = await start('here');
    there = await start('there');
  }, 120_000);
  afterAll(async () => {
    await Promise.all([here?.stop(), there?.stop()]);
    await redis.stop();
    await rm(folder, { recursive: true });
  });

  const hits = async (backend: Backend): Promise<boolean[]> =>
    (await backend.task({ message: 'look', toolCalls: READS })).map(({ cache_hit }) => cache_hit);

  it.each([
    [`write 'other' to notes/b.md`, [true, false, false, true]],
    [`append 'more' to notes/a.md`, [false, true, false, true]],
    ['delete notes/b.md', [true, false, false, true]],
  ])('see exactly what the other one changes: %s', async (change, expected) => {
    for (const backend of [here, there]) await hits(backend);
    expect(await hits(there)).toEqual([true, true, true, true]);
    await here.task({ message: change });
    expect(await hits(there)).toEqual(expected);
  });
});
