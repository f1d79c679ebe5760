import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { ToolError } from './tool-error.js';

/** The most bytes of one file that tools read or write. */
export const MAX_FILE_BYTES = 1024 * 1024;

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

/** Writes text to a plain file and answers how many bytes the file then has. */
export async function writeText(place: string, content: string, mode: 'replace' | 'append'): Promise<number> {
  const { O_WRONLY, O_CREAT, O_TRUNC, O_APPEND, O_NOFOLLOW } = constants;
  const before = mode === 'append' ? await sizeOf(place) : 0;
  if (before + Buffer.byteLength(content) > MAX_FILE_BYTES) {
    throw new ToolError('TOO_LARGE', `the file would have more than ${MAX_FILE_BYTES} bytes`);
  }
  const file = await open(place, O_WRONLY | O_CREAT | O_NOFOLLOW | (mode === 'append' ? O_APPEND : O_TRUNC), 0o644);
  try {
    await file.writeFile(content);
    return (await file.stat()).size;
  } finally {
    await file.close();
  }
}

async function sizeOf(place: string): Promise<number> {
  const file = await open(place, constants.O_RDONLY | constants.O_NOFOLLOW).catch(() => null);
  if (!file) return 0;
  try {
    return (await file.stat()).size;
  } finally {
    await file.close();
  }
}
