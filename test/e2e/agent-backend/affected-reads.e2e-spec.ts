import { access, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { CacheModuleOptions } from 'nestjs-agent-cache';
import { copyOfRepository, RunningBackend } from '../../support/agent-backend.js';
import { RedisServer } from '../../support/redis-server.js';

let files: string;
let redis: RedisServer;

beforeAll(async () => {
  [files, redis] = await Promise.all([
    copyOfRepository(['src/core/key', 'package.json', 'LICENSE']),
    RedisServer.start(),
  ]);
});
afterAll(async () => {
  await redis.stop();
  await rm(files, { recursive: true });
});

const read = (path: string) => ({ tool: 'read_file', params: { path } });
const READS = {
  'notes/a.md': read('notes/a.md'),
  'the same by a link': read('link/a.md'),
  'notes/b.md': read('notes/b.md'),
  LICENSE: read('LICENSE'),
  'info of notes/a.md': { tool: 'file_info', params: { path: './notes/a.md' } },
  'info of src': { tool: 'file_info', params: { path: 'src' } },
  'list of notes': { tool: 'list_directory', params: { path: 'notes/' } },
  'list of all': { tool: 'list_directory', params: {} },
  'list of src': { tool: 'list_directory', params: { path: 'src' } },
  'search in notes': { tool: 'search_files', params: { query: 'text', path: 'notes' } },
  'search in all': { tool: 'search_files', params: { query: 'text' } },
  'search in src': { tool: 'search_files', params: { query: 'text', path: 'src' } },
  'passages of notes': { tool: 'semantic_search', params: { query: 'text', path: 'notes' } },
} as const;
type Read = keyof typeof READS;

const OF_NOTES: readonly Read[] = ['list of notes', 'search in notes', 'search in all', 'passages of notes'];
const OF_A: readonly Read[] = ['notes/a.md', 'the same by a link', 'info of notes/a.md', ...OF_NOTES];
const CHANGES: readonly [change: string, affected: readonly Read[]][] = [
  [`write 'other text' to notes/a.md`, OF_A],
  [`append 'more text' to notes/a.md`, OF_A],
  ['delete notes/a.md', OF_A],
  [`write 'new text' to notes/c.md`, OF_NOTES],
  [`write 'new text' to notes/deep/er/c.md`, OF_NOTES],
  [`write 'new text' to src/new/c.md`, ['info of src', 'list of src', 'search in src', 'search in all']],
  [`write 'new text' to new/c.md`, ['list of all', 'search in all']],
  ['read nothing.md', []],
];

/** Which of the reads are not answered by the cache, in order. */
async function missed(backend: RunningBackend): Promise<Read[]> {
  const names = Object.keys(READS) as Read[];
  const { steps } = await backend.task({ message: 'look', toolCalls: Object.values(READS) });
  const tools = steps.filter(({ kind }) => kind === 'tool');
  expect(tools).toHaveLength(names.length);
  return names.filter((_, index) => tools[index]?.cache_hit === false);
}

describe('a change by a tool', () => {
  let here: RunningBackend;
  let there: RunningBackend;

  beforeAll(async () => {
    // Hits are counted: on a busy machine, Redis may take longer than by default is waited for.
    const options = (): CacheModuleOptions => ({ prefix: 'affected', redis: { url: redis.url, timeout: '2s' } });
    here = await RunningBackend.start(options(), files);
    there = await RunningBackend.start(options(), files, { workspace: here.workspace });
    await Promise.all([here.isConnected(), there.isConnected()]);
    await here.task({ message: `write 'x' to notes/b.md` });
    await symlink('notes', join(here.workspace, 'link'));
  });
  afterAll(() => Promise.all([here.close(), there.close()]));

  beforeEach(async () => {
    await writeFile(join(here.workspace, 'notes/a.md'), 'some text');
    for (const name of ['new', 'notes/c.md', 'notes/deep', 'src/new'])
      await rm(join(here.workspace, name), { recursive: true, force: true });
    // What it was before this, nobody asks.
    await here.task({ message: `write 'some text' to notes/a.md` });
    for (const backend of [here, there]) await missed(backend);
    for (const backend of [here, there]) expect(await missed(backend)).toEqual([]);
  });

  it.each(CHANGES)('makes exactly the affected reads miss, here: %s', async (change, affected) => {
    await here.task({ message: change });
    expect(await missed(here)).toEqual(inOrder(affected));
    await access(join(here.workspace, 'LICENSE'));
  });

  it.each(CHANGES)('makes exactly the affected reads miss, in the other process: %s', async (change, affected) => {
    await here.task({ message: change });
    expect(await missed(there)).toEqual(inOrder(affected));
  });
});

/** In the order in which they are read. */
function inOrder(affected: readonly Read[]): Read[] {
  return (Object.keys(READS) as Read[]).filter((name) => affected.includes(name));
}
