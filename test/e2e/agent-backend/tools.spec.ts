import { mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Counters } from '../../../examples/agent-backend/src/health/counters.js';
import { ToolError } from '../../../examples/agent-backend/src/tools/tool-error.js';
import { ToolExecutor } from '../../../examples/agent-backend/src/tools/tool-executor.js';
import type { ToolRegistry } from '../../../examples/agent-backend/src/tools/tool-registry.js';
import { ToolsOnFiles } from '../../support/agent-backend-tools.js';

let tools: ToolsOnFiles;
let folder: string;
let root: string;
beforeEach(async () => void ({ folder, root } = tools = await ToolsOnFiles.make()));
afterEach(() => tools.remove());
const run: ToolsOnFiles['run'] = (...call) => tools.run(...call);

describe('tools', () => {
  it('read_file gives the lines that were asked for', async () => {
    expect(await run('read_file', { path: 'notes/a.md', from_line: 2, line_count: 1 })).toEqual({
      path: 'notes/a.md',
      text: 'second line',
      from_line: 2,
      total_lines: 3,
    });
  });

  it('list_directory gives the entries in the order of their names', async () => {
    await symlink('a.md', join(root, 'notes/b-link'));
    await mkdir(join(root, 'notes/deep'));
    expect(await run('list_directory', { path: 'notes' })).toEqual({
      path: 'notes',
      entries: [
        { name: 'a.md', type: 'file', bytes: 23 },
        { name: 'b-link', type: 'link' },
        { name: 'deep', type: 'folder' },
      ],
      is_complete: true,
    });
  });

  it('search_files finds names and lines, whatever their case', async () => {
    await writeFile(join(root, 'Second.txt'), 'nothing');
    expect(await run('search_files', { query: 'SECOND' })).toEqual({
      query: 'SECOND',
      matches: [
        { path: 'Second.txt', line: null, text: 'Second.txt' },
        { path: 'notes/a.md', line: 2, text: 'second line' },
      ],
      files_searched: 2,
      is_complete: true,
    });
  });

  it('search_files says when there is more than it shows', async () => {
    expect(await run('search_files', { query: 'i', limit: 1 })).toMatchObject({
      matches: [{ line: 1 }],
      is_complete: false,
    });
  });

  it('file_info tells kind, size and time', async () => {
    const { mtime } = await stat(join(root, 'notes/a.md'));
    const modified_at = mtime.toISOString();
    expect(await run('file_info', { path: 'notes/a.md' })).toEqual({
      path: 'notes/a.md',
      type: 'file',
      bytes: 23,
      modified_at,
    });
    expect(await run('file_info', { path: '.' })).toMatchObject({ path: '.', type: 'folder' });
  });

  it('write_file, append_file and delete_file change the file', async () => {
    await run('write_file', { path: 'new/b.txt', content: 'one' });
    expect(await run('append_file', { path: 'new/b.txt', content: ', two' })).toEqual({ path: 'new/b.txt', bytes: 8 });
    expect(await readFile(join(root, 'new/b.txt'), 'utf8')).toBe('one, two');
    await run('write_file', { path: 'new/b.txt', content: '' });
    expect(await readFile(join(root, 'new/b.txt'), 'utf8')).toBe('');
    await run('delete_file', { path: 'new/b.txt' });
    await expect(run('read_file', { path: 'new/b.txt' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('semantic_search gives the passage that the question is about first', async () => {
    await writeFile(join(root, 'notes/prices.md'), '# Prices\n\nPrices are kept in cents and rounded half up.');
    await writeFile(join(root, 'notes/trips.md'), '# Trips\n\nTrains are booked by the office in June.');
    const { passages } = (await run('semantic_search', { query: 'how is a price rounded', limit: 2 })) as {
      passages: { path: string; line: number }[];
    };
    expect(passages).toHaveLength(2);
    expect(passages[0]).toMatchObject({ path: 'notes/prices.md', line: 1 });
  });

  it('refuses text that is none, and files that are too large', async () => {
    await writeFile(join(root, 'binary'), Buffer.from([1, 0, 2]));
    await writeFile(join(root, 'large'), 'x'.repeat(1024 * 1024 + 1));
    await expect(run('read_file', { path: 'binary' })).rejects.toMatchObject({ code: 'TOO_LARGE' });
    await expect(run('read_file', { path: 'large' })).rejects.toMatchObject({ code: 'TOO_LARGE' });
    await expect(run('append_file', { path: 'large', content: 'x' })).rejects.toMatchObject({ code: 'TOO_LARGE' });
  });

  it('names no place outside when the system fails', async () => {
    await mkdir(join(root, 'folder'));
    const error: Error = (await run('read_file', { path: 'notes/a.md/x' }).catch((e: unknown) => e as Error)) as Error;
    expect(error.message).not.toContain(folder);
  });
});

describe('the sandbox', () => {
  const readers = ['read_file', 'list_directory', 'file_info', 'delete_file'];

  it.each(['../secret.txt', 'notes/../../secret.txt', '/etc/passwd', 'C:\\x', '\\\\host\\x', 'a\0b', '..'])(
    'refuses %j for every tool',
    async (path) => {
      for (const tool of readers)
        await expect(run(tool, { path })).rejects.toMatchObject({ code: 'OUTSIDE_WORKSPACE' });
      for (const tool of ['write_file', 'append_file']) {
        await expect(run(tool, { path, content: 'x' })).rejects.toMatchObject({ code: 'OUTSIDE_WORKSPACE' });
      }
      for (const tool of ['search_files', 'semantic_search']) {
        await expect(run(tool, { query: 'x', path })).rejects.toMatchObject({ code: 'OUTSIDE_WORKSPACE' });
      }
    },
  );

  it('refuses a folder whose name begins as the workspace does', async () => {
    await mkdir(`${root}-2`);
    await expect(run('list_directory', { path: '../workspace-2' })).rejects.toMatchObject({
      code: 'OUTSIDE_WORKSPACE',
    });
  });

  it('refuses links that leave it, to a file, a folder or nothing', async () => {
    await symlink(join(folder, 'secret.txt'), join(root, 'to-file'));
    await symlink(folder, join(root, 'to-folder'));
    await symlink(join(folder, 'not-there'), join(root, 'to-nothing'));
    await expect(run('read_file', { path: 'to-file' })).rejects.toMatchObject({ code: 'OUTSIDE_WORKSPACE' });
    await expect(run('read_file', { path: 'to-folder/secret.txt' })).rejects.toMatchObject({
      code: 'OUTSIDE_WORKSPACE',
    });
    await expect(run('write_file', { path: 'to-folder/x', content: '' })).rejects.toMatchObject({
      code: 'OUTSIDE_WORKSPACE',
    });
    await expect(run('write_file', { path: 'to-folder/deep/x', content: '' })).rejects.toMatchObject({
      code: 'OUTSIDE_WORKSPACE',
    });
    for (const path of ['to-file', 'to-nothing', 'to-nothing/deep/x']) {
      await expect(run('write_file', { path, content: 'x' })).rejects.toHaveProperty('code');
    }
    expect(await readFile(join(folder, 'secret.txt'), 'utf8')).toBe('outside');
    await expect(stat(join(folder, 'not-there'))).rejects.toThrow();
    await expect(stat(join(folder, 'deep'))).rejects.toThrow();
  });

  it('finds nothing behind a link', async () => {
    await symlink(folder, join(root, 'to-folder'));
    expect(await run('search_files', { query: 'outside' })).toMatchObject({ matches: [] });
  });

  it('follows links that stay inside', async () => {
    await symlink('a.md', join(root, 'notes/link.md'));
    expect(await run('read_file', { path: 'notes/link.md' })).toMatchObject({ path: 'notes/a.md', total_lines: 3 });
  });
});

describe('ToolExecutor', () => {
  it('refuses what the caller may not do, before anything else', async () => {
    await expect(run('write_file', { path: 'x', content: '' }, 'READ_ONLY')).rejects.toThrow(
      'write_file needs the permission tier WRITE; the caller has READ_ONLY',
    );
    await expect(run('read_file', {}, 'NONE')).rejects.toMatchObject({ code: 'NOT_PERMITTED' });
    await expect(stat(join(root, 'x'))).rejects.toThrow();
  });

  it('names everything that is wrong with the inputs', async () => {
    await expect(run('read_file', { pth: 'a', from_line: 0, line_count: '3' })).rejects.toThrow(
      "read_file: 'pth' is no input of it (it takes path, from_line, line_count); 'path' must be a non-empty text of at most " +
        "1024 characters; 'from_line' must be a whole number from 1 to 1000000; 'line_count' must be a whole number from 1 to 5000",
    );
  });

  it.each(['__proto__', 'constructor', 'hasOwnProperty'])('takes no input from %s', async (name) => {
    const params = JSON.parse(`{ "path": "notes/a.md", "${name}": "x" }`);
    await expect(run('read_file', params)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  });

  it('tells the caller nothing of an error of the system, and the log everything', async () => {
    const logged = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    const tool = {
      ...{ name: 'broken', description: '', permissionTier: 'READ_ONLY' as const, validate: () => undefined },
      run: () => Promise.reject(new Error('EIO: /secret/place')),
    };
    const broken = new ToolExecutor({ find: () => tool, all: () => [tool] } as unknown as ToolRegistry, new Counters());
    const call = broken.execute({ tool: 'broken', params: {} }, { userId: 'u', tier: 'WRITE' });
    await expect(call).rejects.toEqual(new ToolError('FAILED', 'broken could not be carried out'));
    await expect(call).rejects.toMatchObject({ code: 'FAILED' });
    expect(logged.mock.calls).toEqual([['broken failed', expect.stringContaining('EIO: /secret/place')]]);
    logged.mockRestore();
  });

  it('names the tools there are', async () => {
    await expect(run('read', {})).rejects.toThrow(
      /no tool 'read'; there are read_file, list_directory, .*semantic_search/,
    );
  });
});
