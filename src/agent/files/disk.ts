import { createHash } from 'node:crypto';
import { type BigIntStats, constants, lstat, realpath } from 'node:fs';
import { type FileHandle, open, opendir } from 'node:fs/promises';

const CHUNK_BYTES = 65_536;
/** Opening a pipe waits for who writes into it. */
const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);
/** Links that lead to each other lead nowhere. */
const MISSING: readonly (string | undefined)[] = ['ENOENT', 'ENOTDIR', 'ELOOP'];

// What the file system says. Each rejects where it does not say it.

/** Of the path itself, where it is a symbolic link, too. `null`: nothing is there. */
export function look(path: string): Promise<BigIntStats | null> {
  return new Promise((resolve, reject) => {
    lstat(path, { bigint: true }, (error, stats) => settle(error, stats, resolve, reject));
  });
}

/** The path without any link in it. `null`: it leads nowhere. */
export function realPathOf(path: string): Promise<string | null> {
  return new Promise((resolve, reject) => {
    realpath.native(path, (error, real) => settle(error, real, resolve, reject));
  });
}

/** Names in a folder, in order. `found` is called for each as it is found, and throws where there are too many. */
export async function namesIn(folder: string, found: () => void): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of await opendir(folder, { bufferSize: 256 })) {
    found();
    names.push(name);
  }
  return names.sort();
}

/** Digest of what is in a file that was as `stats` say, and still is when it has been read. */
export async function contentOf(path: string, stats: BigIntStats): Promise<string> {
  const handle = await open(path, FLAGS);
  try {
    const digest = await digestOf(handle, Number(stats.size));
    assertSame(stats, await handle.stat({ bigint: true }));
    return digest;
  } finally {
    await handle.close();
  }
}

function settle<T>(
  error: NodeJS.ErrnoException | null,
  value: T,
  resolve: (value: T | null) => void,
  reject: (error: Error) => void,
): void {
  if (!error) resolve(value);
  else if (MISSING.includes(error.code)) resolve(null);
  else reject(error);
}

async function digestOf(handle: FileHandle, sizeBytes: number): Promise<string> {
  const digest = createHash('sha256');
  const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, sizeBytes + 1));
  let readBytes = 0;
  // One byte more than there should be: files that tell no size, such as those of `/proc`, are seen to have one.
  for (let isEnd = false; !isEnd;) {
    const { bytesRead } = await handle.read(chunk, 0, chunk.length, readBytes);
    readBytes += bytesRead;
    if (readBytes > sizeBytes) throw new Error('it has more in it than it says');
    digest.update(chunk.subarray(0, bytesRead));
    isEnd = bytesRead < chunk.length;
  }
  if (readBytes !== sizeBytes) throw new Error('it has less in it than it says');
  return digest.digest('base64url');
}

function assertSame(one: BigIntStats, other: BigIntStats): void {
  const isSame =
    one.dev === other.dev &&
    one.ino === other.ino &&
    one.size === other.size &&
    one.mtimeNs === other.mtimeNs &&
    one.ctimeNs === other.ctimeNs;
  if (!isSame) throw new Error('it changed while it was read');
}
