import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type CacheModuleOptions, TOOL_DESCRIPTORS } from 'nestjs-agent-cache';
import { Database } from '../../../examples/agent-backend/src/database/database.js';
import type { Step } from '../../../examples/agent-backend/src/task/step-log.js';
import type { TaskAnswer } from '../../../examples/agent-backend/src/task/task-runner.js';
import { copyOfRepository, RunningBackend } from '../../support/agent-backend.js';
import { RedisServer } from '../../support/redis-server.js';

let files: string;
let redis: RedisServer;

beforeAll(async () => {
  [files, redis] = await Promise.all([
    copyOfRepository(['src/core', 'docs/decisions', 'package.json', 'LICENSE']),
    RedisServer.start(),
  ]);
});
afterAll(async () => {
  await redis.stop();
  await rm(files, { recursive: true });
});

const STORES: readonly [name: string, options: () => CacheModuleOptions][] = [
  ['memory', () => ({})],
  // What is counted is hits: on a busy machine, hundreds of vectors at once may take longer than by default is waited for.
  [
    'Redis',
    () => ({ prefix: `hits-${Math.random().toString(36).slice(2)}`, redis: { url: redis.url, timeout: '2s' } }),
  ],
];

const MESSAGE = 'list src; read package.json; search for duration in src/core; find passages about keys in src/core';

/** `kind`, or the tool's name, with whether the cache answered. */
const hits = ({ steps }: TaskAnswer) =>
  steps.map((step): [string, boolean] => [step.tool ?? step.kind, step.cache_hit]);
const tool = ({ steps }: TaskAnswer, name: string): Step => steps.find((step) => step.tool === name)!;

describe.each(STORES)('the backend with a cache in %s', (_, options) => {
  let backend: RunningBackend;

  beforeEach(async () => {
    backend = await RunningBackend.start(options(), files);
    await backend.isConnected();
  });
  afterEach(() => backend.close());

  it('shows misses, and for an equal task hits', async () => {
    expect(hits(await backend.task({ message: MESSAGE }))).toEqual([
      ['context', false],
      ['embedding', false],
      ['context', true],
      ['list_directory', false],
      ['context', true],
      ['read_file', false],
      ['context', true],
      ['search_files', false],
      ['context', true],
      ['semantic_search', false],
      ['context', true],
      ['prompt', false],
    ]);
    expect(hits(await backend.task({ message: MESSAGE }))).toEqual([
      ['context', false],
      ['embedding', true],
      ['context', true],
      ['list_directory', true],
      ['context', true],
      ['read_file', true],
      ['context', true],
      ['search_files', true],
      ['context', true],
      ['semantic_search', true],
      ['context', true],
      ['prompt', true],
    ]);
  });

  it('does for an equal task only what is not cached', async () => {
    await backend.task({ message: MESSAGE });
    const before = await backend.counts();
    await backend.task({ message: MESSAGE });
    const after = await backend.counts();
    expect(after.toolExecutions - before.toolExecutions).toBe(0);
    expect(after.embeddingsComputed - before.embeddingsComputed).toBe(0);
    expect(after.promptsAssembled - before.promptsAssembled).toBe(0);
    // The user, the task, its message, one context, the tool calls and the answer.
    expect(after.queries - before.queries).toBe(3 + 6 + 2);
  });

  it.each([
    ['write_file', `write 'new' to LICENSE`],
    ['append_file', `append 'new' to LICENSE`],
    ['delete_file', 'delete LICENSE'],
  ])('reads files anew after %s', async (_tool, change) => {
    const read = `read LICENSE; info about LICENSE; search for new; list .`;
    const first = await backend.task({ message: read });
    await backend.task({ message: change });
    const second = await backend.task({ message: read });
    expect(hits(second).filter(([kind, hit]) => kind.includes('_') && hit)).toEqual([]);
    expect(tool(second, 'read_file')).not.toMatchObject({
      result: { text: (tool(first, 'read_file').result as { text: string }).text },
    });
  });

  it('embeds after a change only what changed', async () => {
    await backend.task({ message: 'find passages about keys in src/core' });
    await backend.task({ message: `write 'keys are hashed' to src/core/new.md` });
    const before = await backend.counts();
    const answer = await backend.task({ message: 'find passages about keys in src/core' });
    const after = await backend.counts();
    expect(tool(answer, 'semantic_search').cache_hit).toBe(false);
    expect(JSON.stringify(tool(answer, 'semantic_search').result)).toContain('src/core/new.md');
    expect(after.embeddingsComputed - before.embeddingsComputed).toBe(1);
  });

  it('refuses what was cached to who may not read it', async () => {
    const body = { message: 'read package.json', userId: 'reader' };
    await backend.task(body);
    expect(tool(await backend.task(body), 'read_file').cache_hit).toBe(true);
    expect(tool(await backend.task(body, { 'x-permission-tier': 'NONE' }), 'read_file')).toMatchObject({
      ok: false,
      error: { code: 'NOT_PERMITTED' },
      cache_hit: false,
    });
    await backend.app.get(Database).query(`UPDATE users SET permission_tier = 'NONE' WHERE id = 'reader'`);
    expect(tool(await backend.task(body), 'read_file')).toMatchObject({ ok: false, error: { code: 'NOT_PERMITTED' } });
    expect(tool(await backend.task({ message: 'read package.json' }), 'read_file')).toMatchObject({
      ok: true,
      cache_hit: true,
    });
  });

  it('gives nobody more than they have, whatever tier the request names', async () => {
    const body = { message: `write 'x' to LICENSE; read LICENSE`, userId: 'reader' };
    const answer = await backend.task(body, { 'x-permission-tier': 'WRITE' });
    expect(tool(answer, 'write_file')).toMatchObject({ ok: false, error: { code: 'NOT_PERMITTED' } });
    expect(tool(answer, 'read_file')).toMatchObject({ ok: true });
    expect(await readFile(join(backend.workspace, 'LICENSE'), 'utf8')).toContain('MIT');
  });

  it('caches no failure', async () => {
    const body = { message: 'read notes/later.md' };
    expect(tool(await backend.task(body), 'read_file')).toMatchObject({ ok: false, error: { code: 'NOT_FOUND' } });
    await backend.task({ message: `write 'there' to notes/later.md` });
    expect(tool(await backend.task(body), 'read_file')).toMatchObject({ ok: true, result: { text: 'there' } });
  });

  it('puts what is to be remembered into the context of other tasks at once', async () => {
    const { taskId } = await backend.task({ message: 'hello' });
    await backend.task({ message: 'remember that invoices are due in fourteen days' });
    const { steps } = await backend.task({ taskId, message: 'when are invoices due?' });
    expect(JSON.stringify(steps.find(({ kind }) => kind === 'prompt')?.result)).toContain('due in fourteen days');
  });

  it('serves metrics, and marks its responses', async () => {
    await backend.task({ message: MESSAGE });
    await backend.task({ message: MESSAGE });
    const { body } = await backend.get('/cache/metrics').expect(200);
    expect(Object.keys(body.categories).sort()).toEqual(expect.arrayContaining(['context', 'embed', 'prompt', 'tool']));
    const response = await backend.post({ message: MESSAGE });
    expect(response.headers['cache-status']).toMatch(/hit/);
    expect(Number(response.headers['x-query-count'])).toBe(3 + 6 + 2);
  });
});

describe('two backends on one Redis server with one prefix', () => {
  let backends: readonly RunningBackend[];

  beforeAll(async () => {
    const options = { prefix: 'shared', redis: { url: redis.url } };
    backends = await Promise.all([1, 2].map(() => RunningBackend.start(options, files)));
    await Promise.all(backends.map((backend) => backend.isConnected()));
  });
  afterAll(() => Promise.all(backends.map((backend) => backend.close())));

  it('answer from their own workspaces', async () => {
    const body = {
      message: 'read which.md; list .; info about which.md; search for number; find passages about number',
    };
    for (const [index, { workspace }] of backends.entries()) {
      await writeFile(join(workspace, 'which.md'), `number ${index}`);
      await writeFile(join(workspace, `only-${index}.md`), '');
    }
    for (const [index, backend] of backends.entries()) {
      const tools = (await backend.task(body)).steps.filter(({ kind }) => kind === 'tool');
      expect(tools.map(({ cache_hit }) => cache_hit)).toEqual([false, false, false, false, false]);
      expect(tools[0]!.result).toMatchObject({ text: `number ${index}` });
      expect(JSON.stringify(tools[1]!.result)).toContain(`only-${index}.md`);
    }
  });
});

describe('a file that someone else changed', () => {
  const briefly = { describe: () => ({ permissionTier: 'READ_ONLY', ttl: '400ms' }) };
  let backend: RunningBackend;

  beforeAll(async () => {
    backend = await RunningBackend.start({}, files, {
      adapt: (builder) => builder.overrideProvider(TOOL_DESCRIPTORS).useValue(briefly),
    });
  });
  afterAll(() => backend.close());

  it('is seen once the time to live of tool results is over', async () => {
    await backend.task({ message: 'read LICENSE' });
    await writeFile(join(backend.workspace, 'LICENSE'), 'changed');
    const text = async () => tool(await backend.task({ message: 'read LICENSE' }), 'read_file').result;
    const end = Date.now() + 5_000;
    let current = await text();
    while (!JSON.stringify(current).includes('changed') && Date.now() < end) current = await text();
    expect(current).toMatchObject({ text: 'changed' });
  });
});
