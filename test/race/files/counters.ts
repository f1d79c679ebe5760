import {
  closeSync,
  futimesSync,
  mkdirSync,
  openSync,
  renameSync,
  statSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../random.js';
import type { CachedReads } from './cached-reads.js';
import { runTool, type ToolCall } from './tools.js';

export const COUNTERS = ['0', '1', 'deep/2', 'deep/3'] as const;
const READERS = 4;
/** Long enough, mostly, for what was written to be trusted and served. */
const MOST_PAUSE_MS = 250;

/** All of one size. */
const textOf = (count: number): string => String(count).padStart(8, '0');

export interface CountersSpec {
  readonly index: number;
  readonly folder: string;
}

/**
 * Files that only ever count up, read through the cache while other processes raise theirs: an answer is right if it is
 * none from before the call and none from after.
 */
export class Counters {
  private readonly counts = new Map<string, number>();
  private readonly wrong: string[] = [];
  private readonly tally: Record<string, number> = {};

  constructor(
    private readonly spec: CountersSpec,
    private readonly random: Random,
    private readonly reads: CachedReads,
  ) {
    for (const [index, name] of COUNTERS.entries()) if (index % 2 === spec.index) this.counts.set(name, 0);
  }

  /** Makes those that this process counts. */
  begin(): void {
    for (const name of this.counts.keys()) {
      mkdirSync(dirname(this.at(name)), { recursive: true });
      writeFileSync(this.at(name), textOf(0));
    }
  }

  async run(ms: number): Promise<{ wrong: readonly string[]; counts: Readonly<Record<string, number>> }> {
    const endMs = performance.now() + ms;
    const isRunning = (): boolean => performance.now() < endMs && this.wrong.length === 0;
    await Promise.all([this.count(isRunning), ...Array.from({ length: READERS }, () => this.readAll(isRunning))]);
    return { wrong: this.wrong, counts: this.tally };
  }

  private async count(isRunning: () => boolean): Promise<void> {
    while (isRunning()) {
      await sleep(this.random.integer(0, MOST_PAUSE_MS));
      const name = this.random.of([...this.counts.keys()]);
      const count = (this.counts.get(name) ?? 0) + 1;
      this.counts.set(name, count);
      if (this.random.chance(0.5)) this.writeInPlace(this.at(name), textOf(count));
      else this.renameOver(this.at(name), textOf(count));
      this.add('raised');
    }
  }

  private async readAll(isRunning: () => boolean): Promise<void> {
    while (isRunning()) {
      const isOne = this.random.chance(0.7);
      const call: ToolCall = isOne
        ? { tool: 'read_file', params: { path: this.at(this.random.of(COUNTERS)) } }
        : { tool: 'read_all', params: { path: this.spec.folder } };
      const before = textsIn(runTool(call));
      const { answer, status } = await this.reads.read(call);
      const after = textsIn(runTool(call));
      const texts = textsIn(answer);
      const isRight = texts.every(
        (text, index) => text >= (before[index] as string) && text <= (after[index] as string),
      );
      if (!isRight || texts.length !== before.length)
        this.wrong.push(
          `${status} of process ${this.spec.index}: ${JSON.stringify({ call: call.tool, before, texts, after })}`,
        );
      this.add(status);
    }
  }

  private writeInPlace(path: string, text: string): void {
    const { atime, mtime } = statSync(path);
    const file = openSync(path, 'r+');
    writeSync(file, text, 0);
    futimesSync(file, atime, mtime);
    closeSync(file);
  }

  private renameOver(path: string, text: string): void {
    const { atime, mtime } = statSync(path);
    const other = `${this.spec.folder}.${this.spec.index}`;
    writeFileSync(other, text);
    utimesSync(other, atime, mtime);
    renameSync(other, path);
  }

  private at(name: string): string {
    return join(this.spec.folder, name);
  }

  private add(what: string): void {
    this.tally[what] = (this.tally[what] ?? 0) + 1;
  }
}

function textsIn(answer: unknown): readonly string[] {
  const { text, texts = [text] } = answer as { readonly text?: string; readonly texts?: readonly string[] };
  return texts.filter((each) => each !== undefined);
}
