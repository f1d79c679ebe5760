import { isDeepStrictEqual } from 'node:util';
import { join } from 'node:path';
import { serve } from '../../support/child-side.js';
import { Random } from '../random.js';
import { type CachedReads, openCachedReads } from './cached-reads.js';
import { Changes, FOLDERS, PATHS, WORDS } from './changes.js';
import { Counters } from './counters.js';
import type { Mutant } from './mutants.js';
import { runTool, type ToolCall } from './tools.js';

export interface WalkerSpec {
  readonly index: number;
  readonly root: string;
  readonly redisUrl: string;
  readonly seed: number;
  readonly mutant: Mutant | null;
}

export interface Turn {
  readonly operations: number;
  /** Which share of them changes something. */
  readonly changeShare: number;
}

export interface TurnResult {
  /** Reads that were not answered as they should have been. */
  readonly wrong: readonly string[];
  /** Operations by what became of them. */
  readonly counts: Readonly<Record<string, number>>;
}

/** Changes files and asks for them, in a process of its own. Nobody else does while it has its turn. */
class Walker {
  private readonly random: Random;
  private readonly changes: Changes;
  private readonly counters: Counters;
  /** Latest first. */
  private readonly latest: string[] = [];

  constructor(
    private readonly spec: WalkerSpec,
    private readonly reads: CachedReads,
  ) {
    this.random = new Random(spec.seed, spec.index);
    this.changes = new Changes(spec.root, this.random);
    this.counters = new Counters({ index: spec.index, folder: `${spec.root}-counters` }, this.random, reads);
  }

  begin(): void {
    this.changes.begin();
  }

  beginToCount(): void {
    this.counters.begin();
  }

  async take({ operations, changeShare }: Turn): Promise<TurnResult> {
    const counts: Record<string, number> = {};
    const wrong: string[] = [];
    for (let done = 0; done < operations; done++) {
      const isChange = this.random.chance(changeShare);
      const what = isChange ? this.remember(this.changes.make()) : await this.read(wrong);
      counts[what] = (counts[what] ?? 0) + 1;
    }
    return { wrong, counts };
  }

  async count(ms: number): Promise<TurnResult> {
    return this.counters.run(ms);
  }

  close(): Promise<void> {
    return this.reads.close();
  }

  private async read(wrong: string[]): Promise<string> {
    const call = this.call();
    const { answer, status } = await this.reads.read(call);
    const fresh = runTool(call);
    if (!isDeepStrictEqual(answer, fresh)) {
      const shown = [call, answer, fresh].map((part) => JSON.stringify(part).replaceAll(this.spec.root, ''));
      wrong.push(`${status} of process ${this.spec.index}: ${shown.join(' ')}; own changes: ${this.latest.join(', ')}`);
    }
    return status;
  }

  private call(): ToolCall {
    const { random } = this;
    const inRoot = (name: string): string => `${this.spec.root}/${name}`;
    const tool = random.weighted({ read_file: 6, search: 2, list_files: 2 });
    if (tool === 'read_file') return { tool, params: { path: inRoot(random.of(PATHS)) } };
    const path = join(inRoot(random.of(FOLDERS)));
    return tool === 'search' ? { tool, params: { path, word: random.of(WORDS) } } : { tool, params: { path } };
  }

  private remember(change: string): string {
    this.latest.unshift(change);
    this.latest.length = Math.min(this.latest.length, 5);
    return change;
  }
}

const held: { walker?: Walker } = {};
const walker = (): Walker => held.walker as Walker;

serve({
  open: async (spec: WalkerSpec) => {
    held.walker = new Walker(spec, await openCachedReads(spec.redisUrl, spec.mutant));
  },
  beginToCount: () => walker().beginToCount(),
  count: (ms: number) => walker().count(ms),
  begin: () => walker().begin(),
  take: (turn: Turn) => walker().take(turn),
  close: () => walker().close(),
});
