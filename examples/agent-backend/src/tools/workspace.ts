import { mkdirSync, realpathSync, type Dirent } from 'node:fs';
import { lstat, mkdir, readdir, realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve, sep, win32 } from 'node:path';
import { Injectable } from '@nestjs/common';
import { Settings } from '../settings.js';
import { isDraft } from './text-file.js';
import { ToolError } from './tool-error.js';

/**
 * The folder that tools work in. Paths are relative to it; one that leads out of it, by `..`, as an absolute path or
 * through a symbolic link, is refused with `OUTSIDE_WORKSPACE`.
 */
@Injectable()
export class Workspace {
  /** Its real, absolute place. */
  readonly root: string;

  constructor(settings: Settings) {
    mkdirSync(settings.workspace, { recursive: true });
    this.root = realpathSync(settings.workspace);
  }

  /** Real, absolute place of something that exists. */
  async existing(path: string): Promise<string> {
    const place = this.place(path);
    const real = await realpath(place).catch((cause: unknown) => {
      throw new ToolError('NOT_FOUND', `'${path}' does not exist in the workspace`, { cause });
    });
    return this.inside(real, path);
  }

  /** Real, absolute place for a file that may not be there yet; makes its folder. Never a link. */
  async writable(path: string): Promise<string> {
    const place = this.placeOfFile(path);
    this.inside(await nearestRealFolder(dirname(place)), path);
    await mkdir(dirname(place), { recursive: true }).catch((cause: unknown) => {
      throw new ToolError('WRONG_KIND', `'${path}' lies in something that is no folder`, { cause });
    });
    const target = join(this.inside(await realpath(dirname(place)), path), basename(place));
    const there = await lstat(target).catch(() => null);
    if (there && !there.isFile()) throw new ToolError('WRONG_KIND', `'${path}' is there and is no plain file`);
    return target;
  }

  /** Real, absolute place of a plain file. Never a link: what one leads to is not what was named. */
  async plainFile(path: string): Promise<string> {
    const place = this.placeOfFile(path);
    const target = join(await this.existing(relative(this.root, dirname(place))), basename(place));
    const there = await lstat(target).catch((cause: unknown) => {
      throw new ToolError('NOT_FOUND', `'${path}' does not exist in the workspace`, { cause });
    });
    if (!there.isFile()) {
      throw new ToolError('WRONG_KIND', `'${path}' is ${there.isSymbolicLink() ? 'a link' : 'no plain file'}`);
    }
    return target;
  }

  /** The path by which tools name a place; with `/` on every system, `.` for the workspace itself. */
  nameOf(place: string): string {
    return relative(this.root, place).split(sep).join('/') || '.';
  }

  private place(path: string): string {
    if (path.includes('\0') || isAbsolute(path) || win32.isAbsolute(path)) {
      throw new ToolError('OUTSIDE_WORKSPACE', 'paths are relative to the workspace, such as notes/today.md');
    }
    return this.inside(resolve(this.root, path), path);
  }

  private placeOfFile(path: string): string {
    const place = this.place(path);
    if (place === this.root) throw new ToolError('WRONG_KIND', `'${path}' is the workspace itself: name a file in it`);
    if (/\/\.{0,2}$/.test(path)) throw new ToolError('WRONG_KIND', `'${path}' names a folder: name a file in it`);
    return place;
  }

  private inside(place: string, path: string): string {
    if (place === this.root || place.startsWith(this.root + sep)) return place;
    throw new ToolError('OUTSIDE_WORKSPACE', `'${path}' leads out of the workspace`);
  }
}

/** Entries of a folder in the order of their names, by code unit; without what is just being written. */
export async function sortedEntries(folder: string): Promise<Dirent[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries.filter(({ name }) => !isDraft(name)).sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function nearestRealFolder(folder: string): Promise<string> {
  for (let current = folder; ; current = dirname(current)) {
    try {
      return await realpath(current);
    } catch (cause) {
      // A link to nothing has no real path either, yet writing through it would make what it points to.
      if (await lstat(current).catch(() => null)) {
        throw new ToolError('OUTSIDE_WORKSPACE', 'a link on the way leads to nothing', { cause });
      }
    }
  }
}
