import type { Dirent } from 'node:fs';
import { lstat, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { integer, text } from './input-schema.js';
import { readText } from './text-file.js';
import { defineTool, type Tool, type ToolResult } from './tool.js';
import { ToolError } from './tool-error.js';
import { sortedEntries, type Workspace } from './workspace.js';

const MAX_ENTRIES = 1_000;

/** `read_file`: the lines of one text file. */
export function readFileTool(workspace: Workspace): Tool {
  return defineTool({
    name: 'read_file',
    description: 'Reads the lines of a text file',
    permissionTier: 'READ_ONLY',
    input: {
      path: text('File, relative to the workspace'),
      from_line: integer('First line, counted from 1', { min: 1, max: 1_000_000, fallback: 1 }),
      line_count: integer('How many lines at most', { min: 1, max: 5_000, fallback: 2_000 }),
    },
    async run({ path, from_line, line_count }) {
      const place = await workspace.existing(path);
      if (!(await stat(place)).isFile()) throw new ToolError('WRONG_KIND', `'${path}' is no file: use list_directory`);
      const content = await readText(place);
      if (content === null) throw new ToolError('TOO_LARGE', `'${path}' is too large or no text`);
      const lines = content.split('\n');
      const shown = lines.slice(from_line - 1, from_line - 1 + line_count);
      // What ends with a newline has no further line after it.
      const total_lines = lines.at(-1) === '' ? lines.length - 1 : lines.length;
      return { path: workspace.nameOf(place), text: shown.join('\n'), from_line, total_lines };
    },
  });
}

/** `list_directory`: the entries of one folder. */
export function listDirectoryTool(workspace: Workspace): Tool {
  return defineTool({
    name: 'list_directory',
    description: 'Lists the entries of a folder',
    permissionTier: 'READ_ONLY',
    input: { path: text('Folder, relative to the workspace', { fallback: '.' }) },
    async run({ path }) {
      const folder = await existingFolder(workspace, path);
      const all = await sortedEntries(folder);
      const entries = (await Promise.all(all.slice(0, MAX_ENTRIES).map((entry) => described(folder, entry)))).filter(
        (entry) => entry !== null,
      );
      return { path: workspace.nameOf(folder), entries, is_complete: entries.length === all.length };
    },
  });
}

/** `null`: it is gone by now, or has a name that is no text. */
async function described(
  folder: string,
  entry: Dirent,
): Promise<{ name: string; type: string; bytes?: number } | null> {
  const { name } = entry;
  const found = await lstat(join(folder, name)).catch(() => null);
  if (!found) return null;
  if (found.isFile()) return { name, type: 'file', bytes: found.size };
  return { name, type: found.isDirectory() ? 'folder' : found.isSymbolicLink() ? 'link' : 'other' };
}

/** `file_info`: kind, size and time of one file or folder. */
export function fileInfoTool(workspace: Workspace): Tool {
  return defineTool({
    name: 'file_info',
    description: 'Tells the kind, size and time of change of a file or folder',
    permissionTier: 'READ_ONLY',
    input: { path: text('File or folder, relative to the workspace') },
    async run({ path }): Promise<ToolResult> {
      const place = await workspace.existing(path);
      const found = await stat(place);
      return {
        path: workspace.nameOf(place),
        type: found.isDirectory() ? 'folder' : found.isFile() ? 'file' : 'other',
        ...(found.isFile() ? { bytes: found.size } : {}),
        modified_at: found.mtime.toISOString(),
      };
    },
  });
}

/** The real place of a folder. Throws `WRONG_KIND` for anything else. */
export async function existingFolder(workspace: Workspace, path: string): Promise<string> {
  const place = await workspace.existing(path);
  if (!(await stat(place)).isDirectory()) throw new ToolError('WRONG_KIND', `'${path}' is no folder`);
  return place;
}
