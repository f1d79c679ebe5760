import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { networkInterfaces, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { TaskAnswer } from '../../../examples/agent-backend/src/task/task-runner.js';
import { until } from '../../support/redis-kit.js';
import { freePort, RedisServer } from '../../support/redis-server.js';

const ROOT = resolve(import.meta.dirname, '../../..');

/** One of the project's scripts as a process of its own. */
class Command {
  out = '';
  err = '';
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;

  constructor(
    script: string,
    args: readonly string[],
    environment: NodeJS.ProcessEnv,
    readonly child: ChildProcess = spawn(process.execPath, [join(ROOT, 'scripts', script), ...args], {
      cwd: ROOT,
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    }),
  ) {
    child.stdout!.on('data', (chunk: Buffer) => void (this.out += chunk.toString()));
    child.stderr!.on('data', (chunk: Buffer) => void (this.err += chunk.toString()));
    this.ended = once(child, 'close').then(([code, signal]) => ({ code, signal }));
  }

  /** Resolves when it has written that to one of its streams. */
  async says(text: string): Promise<void> {
    await until(() => {
      if (this.child.exitCode !== null) throw new Error(`it ended: ${this.err}`);
      return this.out.includes(text) || this.err.includes(text);
    }, 20_000);
  }
}

let folder: string;
const started: Command[] = [];

beforeAll(async () => {
  const { buildExample } = (await import(join(ROOT, 'scripts/build-example.mjs'))) as { buildExample(): Promise<void> };
  const { buildReplay } = (await import(join(ROOT, 'scripts/build.mjs'))) as { buildReplay(): Promise<void> };
  await buildExample();
  await buildReplay();
}, 300_000);
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'commands-'))));
afterEach(async () => {
  for (const { child } of started.splice(0)) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

/** Whatever the shell has set for the cache or the backend has no part in it, and neither has a file `.env`. */
function command(script: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}): Command {
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(CACHE_|REDIS_|AGENT_BACKEND_|EMBEDDINGS_|HOST$|NODE_)/.test(name),
  );
  const fixed = {
    ...{ TMPDIR: folder, REDIS_URL: '', AGENT_BACKEND_CACHE: '' },
    ...{ AGENT_BACKEND_WORKSPACE: join(folder, 'workspace'), AGENT_BACKEND_DATABASE: join(folder, 'x.db') },
  };
  const made = new Command(script, args, { ...Object.fromEntries(own), ...fixed, ...environment });
  started.push(made);
  return made;
}

describe('npm start', () => {
  async function start(environment: NodeJS.ProcessEnv = {}): Promise<{ backend: Command; port: number }> {
    const port = await freePort();
    const backend = command('start.mjs', [], { PORT: String(port), ...environment });
    await backend.says('What to try next');
    return { backend, port };
  }
  const task = async (port: number): Promise<TaskAnswer> => {
    const response = await fetch(`http://127.0.0.1:${port}/task`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ message: 'list .; read README.md' }),
    });
    return (await response.json()) as TaskAnswer;
  };
  /** By which other machines reach this one. */
  const addresses = () =>
    Object.values(networkInterfaces()).flatMap((all = []) =>
      all.filter(({ internal, family }) => !internal && family === 'IPv4').map(({ address }) => address),
    );
  const toolHits = ({ steps }: TaskAnswer) => steps.filter(({ tool }) => tool).map(({ cache_hit }) => cache_hit);

  it('serves this machine alone, shows misses and then hits, and ends on SIGTERM', async () => {
    const { backend, port } = await start();
    expect(backend.out).toContain(`http://127.0.0.1:${port} (cache: memory)`);
    expect(toolHits(await task(port))).toEqual([false, false]);
    expect(toolHits(await task(port))).toEqual([true, true]);
    for (const address of addresses()) await expect(fetch(`http://${address}:${port}/health`)).rejects.toThrow();
    backend.child.kill('SIGTERM');
    expect(await backend.ended).toEqual({ code: null, signal: 'SIGTERM' });
    expect(backend.err).toBe('');
  }, 60_000);

  it('serves other machines where HOST says so', async () => {
    const { backend, port } = await start({ HOST: '0.0.0.0' });
    expect(backend.out).toContain(`http://127.0.0.1:${port} (cache: memory)`);
    for (const address of addresses()) expect((await fetch(`http://${address}:${port}/health`)).ok).toBe(true);
  }, 60_000);

  it.each([
    ['off', { CACHE_ENABLED: 'false' }],
    ['off', { AGENT_BACKEND_CACHE: 'no' }],
  ])(
    'says that the cache is %s with %j',
    async (cache, environment) => {
      const { backend, port } = await start(environment);
      expect(backend.out).toContain(`(cache: ${cache})`);
      await task(port);
      expect(toolHits(await task(port))).toEqual([false, false]);
    },
    60_000,
  );

  it('says that the cache is in Redis, however that is named', async () => {
    const redis = await RedisServer.start();
    try {
      const cluster = { CACHE_REDIS_CLUSTER_NODES: `127.0.0.1:${redis.port}` };
      expect((await start({ REDIS_URL: redis.url })).backend.out).toContain('(cache: Redis)');
      expect((await start(cluster)).backend.out).toContain('(cache: Redis)');
    } finally {
      await redis.stop();
    }
  }, 60_000);

  it.each([
    [{ AGENT_BACKEND_CACHE: 'maybe' }, /^AGENT_BACKEND_CACHE is 'maybe': expected on, .*\n$/],
    [{ PORT: 'http' }, /^PORT is 'http': expected a number from 1 to 65535\.\n$/],
    [{ HOST: '192.0.2.1', PORT: '3000' }, /^Port 3000 cannot be used .*EADDRNOTAVAIL.*\n$/],
  ])(
    'says in one line what is wrong with %j',
    async (environment, message) => {
      const backend = command('start.mjs', [], environment);
      expect((await backend.ended).code).toBe(1);
      expect(backend.err).toMatch(message);
    },
    60_000,
  );
});

describe('npm run demo', () => {
  it('prints its tables, ends with 0 and leaves nothing behind', async () => {
    const demo = command('demo.mjs', ['--tasks=12']);
    expect(await demo.ended).toEqual({ code: 0, signal: null });
    for (const text of ['12 tasks, seed 1', 'database queries', 'hit rate', '✓ answers that differ: 0'])
      expect(demo.out).toContain(text);
    expect(demo.err).toContain('12/12 tasks');
    expect(await readdir(folder)).toEqual([]);
  }, 60_000);

  it('leaves nothing behind on SIGINT', async () => {
    const demo = command('demo.mjs', ['--tasks=100000']);
    await demo.says('Two backends');
    await until(async () => (await readdir(join(folder, (await readdir(folder))[0]!))).includes('cached'), 20_000);
    demo.child.kill('SIGINT');
    expect(await demo.ended).toEqual({ code: 130, signal: null });
    expect(await readdir(folder)).toEqual([]);
  }, 60_000);
});

describe('npm run replay', () => {
  const POLICY = `export const describe = () => ({ permissionTier: 'READ_ONLY' });`;
  const call = (seq: number, output: string) =>
    JSON.stringify({ run: 'a', task: 't', seq, tool: 'get', args: {}, env: {}, ok: true, output });

  async function replay(trace: readonly string[]): Promise<Command> {
    const [file, policy] = [join(folder, 'trace.jsonl'), join(folder, 'policy.mjs')];
    await writeFile(file, trace.join('\n'));
    await writeFile(policy, POLICY);
    return command('replay.mjs', [file, '--policy', policy]);
  }

  it.each([
    ['0 without wrong hits', 'A', 0],
    ['1 with one', 'B', 1],
  ])(
    'prints its table, and ends with %s',
    async (_what, second, code) => {
      const made = await replay([call(1, 'A'), call(2, second)]);
      expect(await made.ended).toEqual({ code, signal: null });
      expect(made.out).toMatch(/all tools +│ +2 │ +2 │ +1 │ +50\.0 % /);
      expect(made.err).toBe('replayed 1 of 2 calls\nreplayed 2 of 2 calls\n');
    },
    60_000,
  );

  it('says in one line what is wrong with a trace, and ends with 1', async () => {
    const made = await replay([call(1, 'A'), 'null']);
    expect(await made.ended).toEqual({ code: 1, signal: null });
    expect(made.err).toBe('line 2 is no JSON object: expected one a line\n');
  }, 60_000);
});
