import type { BigIntStats } from 'node:fs';
import { readlink } from 'node:fs/promises';
import { contentOf, look, namesIn, realPathOf } from './disk.js';
import { isSettled } from './grain.js';
import type { Lanes } from './lanes.js';

/** How much may be looked at for one answer. */
export interface SurveyLimits {
  /** Names in folders. */
  readonly entries: number;
  /** Of content that is read. */
  readonly bytes: number;
}

/** One look at the disk, as of one moment. Whatever cannot be told rejects, and ends it for all that is under way. */
export class Survey {
  private isOver = false;
  private entriesLeft: number;
  private bytesLeft: number;
  private readonly nowNs: bigint;

  constructor(
    private readonly lanes: Lanes,
    readonly how: 'stat' | 'content',
    nowMs: number,
    limits: SurveyLimits,
  ) {
    this.nowNs = BigInt(Math.floor(nowMs)) * 1_000_000n;
    this.entriesLeft = limits.entries;
    this.bytesLeft = limits.bytes;
  }

  end(): void {
    this.isOver = true;
  }

  /** Of the path itself, where it is a symbolic link, too. `null`: nothing is there. */
  look(path: string): Promise<BigIntStats | null> {
    return this.ask(() => look(path));
  }

  /** The path without any link in it. `null`: it leads nowhere. */
  realPathOf(path: string): Promise<string | null> {
    return this.ask(() => realPathOf(path));
  }

  /** What stands in a symbolic link. */
  targetOf(link: string): Promise<string> {
    return this.ask(() => readlink(link));
  }

  /** In order. */
  namesIn(folder: string): Promise<string[]> {
    return this.ask(() => namesIn(folder, () => this.countEntry()));
  }

  /** What stands for these stats; nothing where only content counts. */
  factsOf({ dev, ino, size, mtimeNs, ctimeNs, mode }: BigIntStats): string {
    if (this.how === 'content') return '';
    if (!isSettled(mtimeNs, this.nowNs) || !isSettled(ctimeNs, this.nowNs)) throw new Error('it is too young');
    return `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs} ${mode}`;
  }

  /** What stands for a file, or for a folder without what is in it. */
  stateOf(path: string, stats: BigIntStats): string | Promise<string> {
    const kind = kindOf(stats);
    if (this.how === 'stat' || kind !== 'file') return `${kind} ${this.factsOf(stats)}`;
    this.bytesLeft -= Number(stats.size);
    if (this.bytesLeft < 0) throw new Error('there is too much to read');
    return this.ask(() => contentOf(path, stats)).then((digest) => `${kind} ${digest}`);
  }

  /** What still waits for its turn when the look is over is not asked any more. */
  private ask<T>(question: () => Promise<T>): Promise<T> {
    return this.lanes.run(() => {
      this.assertWanted();
      return question();
    });
  }

  private countEntry(): void {
    this.assertWanted();
    if (--this.entriesLeft < 0) throw new Error('there is too much in it');
  }

  private assertWanted(): void {
    if (this.isOver) throw new Error('nobody waits for the answer any more');
  }
}

export function kindOf(stats: BigIntStats): string {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'folder';
  return stats.isSymbolicLink() ? 'link' : 'other';
}
