import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ToolError } from './tool-error.js';

/** The most bytes of one file that tools read or write. */
export const MAX_FILE_BYTES = 1024 * 1024;

/** End of the name under which a text is written before it takes its place. */
const DRAFT = '.draft';

/** Text of a plain file. `null`: it is too large or no text. */
export async function readText(place: string): Promise<string | null> {
  const file = await open(place, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const { size } = await file.stat();
    if (size > MAX_FILE_BYTES) return null;
    const bytes = await file.readFile();
    return bytes.includes(0) ? null : bytes.toString('utf8');
  } finally {
    await file.close();
  }
}

/**
 * Puts text in the place of what a file holds, or makes the file, and answers how many bytes it then has. Whoever reads
 * meanwhile finds the old text or the new one, never a part.
 */
export async function replaceText(place: string, content: string): Promise<number> {
  const bytes = sizeWithin(Buffer.byteLength(content));
  const mode = await modeOf(place);
  const draft = join(dirname(place), `.${randomUUID()}${DRAFT}`);
  try {
    // `wx` follows no link, and neither does a rename: it takes the place of one.
    const file = await open(draft, 'wx', 0o644);
    try {
      await file.writeFile(content);
      if (mode !== null) await file.chmod(mode);
    } finally {
      await file.close();
    }
    await rename(draft, place);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  return bytes;
}

/** Adds text at the end of a plain file, or makes the file, and answers how many bytes it then has. */
export async function appendText(place: string, content: string): Promise<number> {
  const { O_WRONLY, O_CREAT, O_APPEND, O_NOFOLLOW } = constants;
  sizeWithin(Buffer.byteLength(content));
  const file = await open(place, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0o644);
  try {
    sizeWithin((await file.stat()).size + Buffer.byteLength(content));
    await file.writeFile(content);
    return (await file.stat()).size;
  } finally {
    await file.close();
  }
}

/** Whether a name is that of a text which is being written and has not its place yet. */
export function isDraft(name: string): boolean {
  return /^\.[\da-f-]{36}$/.test(name.slice(0, -DRAFT.length)) && name.endsWith(DRAFT);
}

function sizeWithin(bytes: number): number {
  if (bytes <= MAX_FILE_BYTES) return bytes;
  throw new ToolError('TOO_LARGE', `the file would have more than ${MAX_FILE_BYTES} bytes`);
}

/** Permissions of a file that may be written; `null`: there is none. */
async function modeOf(place: string): Promise<number | null> {
  const file = await open(place, constants.O_WRONLY | constants.O_NOFOLLOW).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (!file) return null;
  try {
    return (await file.stat()).mode & 0o777;
  } finally {
    await file.close();
  }
}
