import { unlink } from 'node:fs/promises';
import { text } from './input-schema.js';
import { appendText, MAX_FILE_BYTES, replaceText } from './text-file.js';
import { defineTool, type Tool } from './tool.js';
import type { Workspace } from './workspace.js';

const path = text('File, relative to the workspace');

/** `write_file`: makes a file, or replaces what is in it. */
export function writeFileTool(workspace: Workspace): Tool {
  return defineTool({
    name: 'write_file',
    description: 'Writes text to a file, replacing what was there',
    permissionTier: 'WRITE',
    input: { path, content: text('All of the new text', { maxLength: MAX_FILE_BYTES, mayBeEmpty: true }) },
    async run({ path, content }) {
      const place = await workspace.writable(path);
      return { path: workspace.nameOf(place), bytes: await replaceText(place, content) };
    },
  });
}

/** `append_file`: adds text at the end of a file, which is made if it is missing. */
export function appendFileTool(workspace: Workspace): Tool {
  return defineTool({
    name: 'append_file',
    description: 'Adds text at the end of a file',
    permissionTier: 'WRITE',
    input: { path, content: text('What to add', { maxLength: MAX_FILE_BYTES }) },
    async run({ path, content }) {
      const place = await workspace.writable(path);
      return { path: workspace.nameOf(place), bytes: await appendText(place, content) };
    },
  });
}

/** `delete_file`: removes one plain file. */
export function deleteFileTool(workspace: Workspace): Tool {
  return defineTool({
    name: 'delete_file',
    description: 'Deletes a file',
    permissionTier: 'WRITE',
    input: { path },
    async run({ path }) {
      const place = await workspace.plainFile(path);
      await unlink(place);
      return { path: workspace.nameOf(place), is_deleted: true };
    },
  });
}
