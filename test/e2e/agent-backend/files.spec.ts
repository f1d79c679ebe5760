import { chmod, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { appendText, readText, replaceText } from '../../../examples/agent-backend/src/tools/text-file.js';
import { ToolsOnFiles } from '../../support/agent-backend-tools.js';

let tools: ToolsOnFiles;
let folder: string;
let root: string;
beforeEach(async () => void ({ folder, root } = tools = await ToolsOnFiles.make()));
afterEach(() => tools.remove());
const run: ToolsOnFiles['run'] = (...call) => tools.run(...call);

describe('write_file', () => {
  it('lets nobody read a part of a text, or none', async () => {
    const [one, other] = ['1', '2'].map((digit) => digit.repeat(500_000));
    await run('write_file', { path: 'large.txt', content: one });
    let isOver = false;
    const reading = (async () => {
      const seen = new Set<unknown>();
      while (!isOver) seen.add((await run('read_file', { path: 'large.txt' }))['text']);
      return seen;
    })();
    for (let i = 0; i < 50; i++) await run('write_file', { path: 'large.txt', content: i % 2 ? one : other });
    isOver = true;
    for (const text of await reading) expect([one, other]).toContain(text);
  });

  it('keeps the permissions of the file, and leaves nothing else behind', async () => {
    await chmod(join(root, 'notes/a.md'), 0o640);
    expect(await run('write_file', { path: 'notes/a.md', content: 'ä' })).toEqual({ path: 'notes/a.md', bytes: 2 });
    expect((await stat(join(root, 'notes/a.md'))).mode & 0o777).toBe(0o640);
    expect(await readdir(join(root, 'notes'))).toEqual(['a.md']);
  });

  it('leaves nothing behind where it fails', async () => {
    await mkdir(join(root, 'notes/folder'));
    await expect(replaceText(join(root, 'notes/folder'), 'x')).rejects.toThrow('EISDIR');
    expect(await readdir(join(root, 'notes'))).toEqual(['a.md', 'folder']);
  });

  it('shows nobody what it has not finished', async () => {
    await writeFile(join(root, 'notes/.7b1f2c52-1c0f-4f3e-9a53-0d8f6f1d2c11.draft'), 'second');
    expect(await run('list_directory', { path: 'notes' })).toMatchObject({ entries: [{ name: 'a.md' }] });
    expect(await run('search_files', { query: 'second' })).toMatchObject({ matches: [{ path: 'notes/a.md' }] });
  });

  it.each(['new/', 'notes/', 'new/.', 'notes/x/..', '.'])('refuses %j, which names a folder', async (path) => {
    await expect(run('write_file', { path, content: 'x' })).rejects.toMatchObject({ code: 'WRONG_KIND' });
    expect(await readdir(root)).toEqual(['notes']);
  });
});

describe('delete_file', () => {
  it('refuses a link, and leaves what it leads to', async () => {
    await symlink('a.md', join(root, 'notes/link.md'));
    await expect(run('delete_file', { path: 'notes/link.md' })).rejects.toThrow("'notes/link.md' is a link");
    expect(await readdir(join(root, 'notes'))).toEqual(['a.md', 'link.md']);
  });

  it.each([
    ['notes', 'WRONG_KIND'],
    ['.', 'WRONG_KIND'],
    ['notes/a.md/', 'WRONG_KIND'],
    ['notes/none', 'NOT_FOUND'],
    ['none/none', 'NOT_FOUND'],
  ])('refuses %s', async (path, code) => {
    await expect(run('delete_file', { path })).rejects.toMatchObject({ code });
    expect(await readFile(join(root, 'notes/a.md'), 'utf8')).toContain('first');
  });
});

// Some file systems take no name that is no text, so that no file can have one.
const withAnyName = process.platform === 'darwin' ? describe.skip : describe;
withAnyName('a file that cannot be read', () => {
  /** `readdir` answers it with a name by which it is not to be had, as if it were gone. */
  const NO_TEXT = Buffer.from([0x61, 0xff]);

  beforeEach(() => writeFile(Buffer.concat([Buffer.from(`${root}/notes/`), NO_TEXT]), 'second'));

  it('is left out of a list', async () => {
    const { entries, is_complete } = await run('list_directory', { path: 'notes' });
    expect(entries).toEqual([{ name: 'a.md', type: 'file', bytes: 23 }]);
    expect(is_complete).toBe(false);
  });

  it.each(['search_files', 'semantic_search'])('is left out of %s, which says so', async (tool) => {
    const result = await run(tool, { query: 'second' });
    expect(JSON.stringify(result)).toContain('notes/a.md');
    expect(result['is_complete']).toBe(false);
    await rm(Buffer.concat([Buffer.from(`${root}/notes/`), NO_TEXT]));
    expect((await run(tool, { query: 'second' }))['is_complete']).toBe(true);
  });

  it('may as well be a folder', async () => {
    await mkdir(Buffer.concat([Buffer.from(`${root}/`), NO_TEXT]));
    await rm(Buffer.concat([Buffer.from(`${root}/notes/`), NO_TEXT]));
    expect(await run('search_files', { query: 'second' })).toMatchObject({
      matches: [{ path: 'notes/a.md' }],
      is_complete: false,
    });
  });
});

describe('searching', () => {
  it.each(['.git', 'node_modules'])('does not look into %s', async (name) => {
    await mkdir(join(root, 'deep', name), { recursive: true });
    await writeFile(join(root, 'deep', name, 'x.md'), 'second');
    expect(await run('search_files', { query: 'second' })).toMatchObject({
      matches: [{ path: 'notes/a.md' }],
      is_complete: true,
    });
  });

  it.each([
    ['search_files', 2_000],
    ['semantic_search', 500],
  ])(
    '%s looks into %i files at most, and says so',
    async (tool, most) => {
      for (let count = 1; count < most; count++) await writeFile(join(root, `${count}`), '');
      expect(await run(tool, { query: 'second' })).toMatchObject({ is_complete: true });
      await writeFile(join(root, 'one more'), '');
      expect(await run(tool, { query: 'second' })).toMatchObject({ is_complete: false });
    },
    30_000,
  );
});

describe('text files', () => {
  it('are not read or written through a link, which may have come between', async () => {
    await symlink(join(folder, 'secret.txt'), join(root, 'link'));
    await expect(readText(join(root, 'link'))).rejects.toThrow('ELOOP');
    await expect(appendText(join(root, 'link'), 'x')).rejects.toThrow('ELOOP');
    await expect(replaceText(join(root, 'link'), 'x')).rejects.toThrow('ELOOP');
    expect(await readFile(join(folder, 'secret.txt'), 'utf8')).toBe('outside');
  });

  it.each([
    ['', 0],
    ['a', 1],
    ['a\n', 1],
    ['a\n\n', 2],
    ['a\nb', 2],
  ])('%j has %i lines', async (content, total_lines) => {
    await run('write_file', { path: 'lines', content });
    expect(await run('read_file', { path: 'lines' })).toEqual({
      path: 'lines',
      text: content,
      from_line: 1,
      total_lines,
    });
  });
});
