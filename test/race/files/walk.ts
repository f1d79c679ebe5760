import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Child } from '../../support/child.js';
import { RedisServer } from '../../support/redis-server.js';
import { Random } from '../random.js';
import type { Mutant } from './mutants.js';
import type { Turn, TurnResult, WalkerSpec } from './walker.js';

const PROCESSES = 2;
/** After so long, what was changed is old enough to be trusted. */
const SETTLED_MS = 60;

export interface WalkOptions {
  readonly name: string;
  readonly seed: number;
  /** By turns. */
  readonly operations: number;
  /** How long they read and change files at once, before they take turns. */
  readonly atOnceMs: number;
  readonly mutant: Mutant | null;
}

export interface WalkResult {
  readonly wrong: readonly string[];
  readonly counts: Readonly<Record<string, number>>;
  readonly operations: number;
  /** One line for people. */
  readonly report: string;
}

/** Two processes work on one Redis and one folder: at once, then by turns. Ends at the first wrong answers. */
export async function walk({ name, seed, operations, atOnceMs, mutant }: WalkOptions): Promise<WalkResult> {
  const startedAt = performance.now();
  const outside = realpathSync(mkdtempSync(join(tmpdir(), 'agent-cache-walk-')));
  const server = await RedisServer.start();
  const children: Child[] = [];
  const tally = new Tally();
  try {
    for (let index = 0; index < PROCESSES; index++) {
      const child = await Child.start(resolve(import.meta.dirname, 'walker.ts'));
      children.push(child);
      const spec: WalkerSpec = { index, seed, mutant, redisUrl: server.url, root: join(outside, 'root') };
      await child.request('open', spec);
    }
    for (const child of children) await child.request('beginToCount');
    const counting = children.map((child) => child.request<TurnResult>('count', atOnceMs));
    for (const result of await Promise.all(counting)) tally.add(result);
    await children[0]?.request('begin');
    const random = new Random(seed);
    while (tally.operations < operations && tally.wrong.length === 0) {
      const changeShare = random.of([0, 0, 0, 0.4]);
      const turn: Turn = { operations: random.integer(1, 40), changeShare };
      tally.add(await random.of(children).request<TurnResult>('take', turn));
      if (changeShare > 0 && random.chance(0.6)) await sleep(SETTLED_MS);
    }
    for (const child of children) await child.request('close');
  } finally {
    for (const child of children) await child.kill();
    await server.stop();
    rmSync(outside, { recursive: true, force: true });
  }
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  return { ...tally, report: `race over files ${name}: seed ${seed}, ${seconds} s, ${tally.report()}` };
}

class Tally {
  readonly wrong: string[] = [];
  readonly counts: Record<string, number> = {};
  operations = 0;

  add({ wrong, counts }: TurnResult): void {
    this.wrong.push(...wrong);
    for (const [what, count] of Object.entries(counts)) {
      this.counts[what] = (this.counts[what] ?? 0) + count;
      this.operations += count;
    }
  }

  report(): string {
    const list = Object.entries(this.counts)
      .sort(([one], [other]) => one.localeCompare(other))
      .map(([what, count]) => `${what} ${count}`);
    return `${this.operations} operations: ${list.join(', ')}; ${this.wrong.length} wrong`;
  }
}
