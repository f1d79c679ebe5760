import {
  appendFileSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { Random } from '../random.js';

export const WORDS = ['red', 'tin', 'oak', 'sea', 'ink', 'fog'] as const;
export const FOLDERS = ['', 'a', 'b', 'b/deep', 'c'] as const;
const FILES = ['a/one', 'a/two', 'a/three', 'b/one', 'b/two', 'b/deep/one', 'b/deep/two', 'c/one', 'top'] as const;
const LINKS = ['a/link', 'b/deep/link', 'chain', 'b/folder'] as const;
/** What a link may be pointed to: files and folders, other links, nothing, the folder above, itself. */
const TARGETS = [
  'one',
  'two',
  '../a',
  '../c',
  '../b/deep',
  '../a/link',
  'a/link',
  'b/folder/one',
  '..',
  'link',
  'nowhere',
];
export const PATHS = [...FILES, ...LINKS, 'b/folder/one', 'b/folder/two', 'b/folder/link'] as const;

const WEIGHTS = {
  write: 3,
  writeOfSameSize: 3,
  writeUnderOldTimes: 3,
  writeOfSameSizeUnderOldTimes: 3,
  writeAndUndo: 1,
  append: 3,
  truncate: 2,
  rename: 2,
  renameOverUnderOldTimes: 2,
  exchange: 1,
  point: 3,
  remove: 2,
  makeAnew: 2,
  setTimes: 1,
  removeFolder: 1,
  moveFolder: 1,
};

/** Changes of files at random, past every cache. What cannot be done as things are is not done. */
export class Changes {
  constructor(
    private readonly root: string,
    private readonly random: Random,
  ) {}

  /** Makes something of everything. */
  begin(): void {
    for (const file of FILES) this.write(this.at(file));
    for (const link of LINKS) symlinkSync(this.random.of(TARGETS), this.at(link));
  }

  /** Its name. */
  make(): string {
    const name = this.random.weighted(WEIGHTS);
    try {
      this[name](this.at(this.random.of(FILES)));
    } catch (error) {
      // Something else is there, or nothing.
      if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    }
    return name;
  }

  private write(path: string): void {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, this.text());
  }

  private writeOfSameSize(path: string): void {
    writeFileSync(path, this.text(readFileSync(path).length / 3));
  }

  private writeUnderOldTimes(path: string): void {
    this.underOldTimes(path, () => writeFileSync(path, this.text()));
  }

  private writeOfSameSizeUnderOldTimes(path: string): void {
    this.underOldTimes(path, () => this.writeOfSameSize(path));
  }

  private writeAndUndo(path: string): void {
    const text = readFileSync(path);
    this.underOldTimes(path, () => (this.writeOfSameSize(path), writeFileSync(path, text)));
  }

  private append(path: string): void {
    appendFileSync(path, this.random.of(WORDS));
  }

  private truncate(path: string): void {
    truncateSync(path, 3 * this.random.integer(0, statSync(path).size / 3));
  }

  private rename(path: string): void {
    renameSync(path, this.at(this.random.of(FILES)));
  }

  private renameOverUnderOldTimes(path: string): void {
    const { size, atime, mtime } = statSync(path);
    const other = `${this.root}.other`;
    writeFileSync(other, this.text(size / 3));
    utimesSync(other, atime, mtime);
    renameSync(other, path);
  }

  private exchange(path: string): void {
    const [other, between] = [this.at(this.random.of(FILES)), `${this.root}.between`];
    lstatSync(other);
    renameSync(path, between);
    renameSync(other, path);
    renameSync(between, other);
  }

  private point(): void {
    const link = this.at(this.random.of(LINKS));
    if (this.random.chance(0.5)) {
      rmSync(link, { recursive: true, force: true });
      symlinkSync(this.random.of(TARGETS), link);
    } else {
      symlinkSync(this.random.of(TARGETS), `${this.root}.link`);
      renameSync(`${this.root}.link`, link);
    }
  }

  private remove(path: string): void {
    unlinkSync(path);
  }

  private makeAnew(path: string): void {
    const { size } = statSync(path);
    unlinkSync(path);
    writeFileSync(path, this.text(size / 3));
  }

  private setTimes(path: string): void {
    utimesSync(path, this.random.integer(1, 1_000_000), this.random.integer(1, 1_000_000));
  }

  private removeFolder(): void {
    rmSync(this.at('b/deep'), { recursive: true });
  }

  private moveFolder(): void {
    renameSync(this.at(this.random.chance(0.5) ? 'c' : 'b/deep'), this.at('b/folder'));
  }

  private underOldTimes(path: string, change: () => void): void {
    const { atime, mtime } = statSync(path);
    change();
    utimesSync(path, atime, mtime);
  }

  /** Words of one length, so that texts of one size are common. */
  private text(words = this.random.integer(1, 4)): string {
    return Array.from({ length: Math.floor(words) }, () => this.random.of(WORDS)).join('');
  }

  private at(name: string): string {
    return join(this.root, name);
  }
}
