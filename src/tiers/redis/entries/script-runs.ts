import type { Reply } from '../../../core/ports/store.js';
import type { ChangeListeners } from '../../change-listeners.js';
import { allOf, type BatchCommands } from '../commands/batch-commands.js';
import { GatheredRuns } from './gathered-runs.js';
import type { GuardedRedis } from '../guard/guarded-redis.js';
import type { RedisClient } from '../clients/load-ioredis.js';
import { forEachKey } from '../scripts/for-each-key.js';

/** Keys in one run at most: a server does nothing else meanwhile, for about a millisecond. */
const MAX_KEYS = 100;
/** Bytes of arguments in one run at most, but for one that is larger alone. */
const MAX_BYTES = 256 * 1_024;

/** Runs that count as one command where commands under way are bounded: as much as they keep a server busy. */
const RUNS_PER_COMMAND = 4;

/** A script that works on one key, and how it is run. */
export interface KeyScript<Item, Answer> {
  readonly text: string;
  /** Arguments of a run, after its key: equally many for each. */
  readonly argumentsOf: (item: Item) => readonly (string | number | Buffer)[];
  /** Sending it twice does no more than sending it once. */
  readonly idempotent: boolean;
  /** Whether a reply can be one of the script. */
  readonly accepts: (reply: unknown) => reply is Answer;
}

export interface ScriptRunsParts {
  readonly redis: GuardedRedis;
  readonly batch: BatchCommands;
  /** Told of the keys. */
  readonly listeners: ChangeListeners;
}

interface Run {
  readonly key: string;
  readonly rest: readonly (string | number | Buffer)[];
  readonly bytes: number;
}

/**
 * Runs a script on the keys of many items: on one server, what is asked for in one step of a turn of the event loop goes in few
 * commands, because a command of its own for each key costs this process more than anything else about it. On a cluster,
 * each key is a command.
 */
export class ScriptRuns<Item extends { readonly key: string }, Answer> {
  private readonly gathered: GatheredRuns<Item, Answer> | null;
  private readonly forEachKey: string;

  constructor(
    private readonly script: KeyScript<Item, Answer>,
    private readonly parts: ScriptRunsParts,
  ) {
    this.forEachKey = forEachKey(script.text);
    this.gathered = parts.batch.isOneServer ? new GatheredRuns(MAX_KEYS, (items) => this.send(items)) : null;
  }

  /** In the order of the items. */
  run(items: readonly Item[]): Promise<Reply<Answer[]>> {
    if (items.length === 0) return Promise.resolve({ ok: true, value: [] });
    const { gathered, parts } = this;
    const keys = items.map(({ key }) => key);
    return parts.listeners.around(keys, () => (gathered ? gathered.add(items) : this.send(items)));
  }

  private async send(items: readonly Item[]): Promise<Reply<Answer[]>> {
    const { script, parts } = this;
    const commands = this.commandsOf(items.map((item) => runOf(item.key, script.argumentsOf(item))));
    const effort = {
      idempotent: script.idempotent,
      commands: this.gathered ? Math.ceil(items.length / RUNS_PER_COMMAND) : items.length,
      bytes: commands.reduce((sum, runs) => sum + script.text.length + sizeOf(runs), 0),
      accepts: (replies: unknown[][]) =>
        replies.every((some, at) => some.length === commands[at]?.length && some.every(script.accepts)),
    };
    const keys = items.map(({ key }) => key);
    const ask = (client: RedisClient): Promise<unknown[][]> =>
      allOf(commands.map(async (runs) => this.ask(client, runs)));
    const reply = await parts.redis.run(ask, effort, keys);
    return reply.ok ? { ok: true, value: reply.value.flat() as Answer[] } : reply;
  }

  private async ask(client: RedisClient, runs: readonly Run[]): Promise<unknown[]> {
    const [only] = runs;
    if (only && runs.length === 1) return [await client.eval(this.script.text, 1, only.key, ...only.rest)];
    const keys = runs.map(({ key }) => key);
    const rest = runs.flatMap((run) => run.rest);
    const reply: unknown = await client.eval(this.forEachKey, keys.length, ...keys, ...rest);
    return Array.isArray(reply) ? (reply as unknown[]) : [];
  }

  /** What goes together. */
  private commandsOf(runs: readonly Run[]): readonly (readonly Run[])[] {
    if (!this.gathered) return runs.map((run) => [run]);
    const commands: Run[][] = [];
    let bytes = Infinity;
    for (const run of runs) {
      const last = commands.at(-1);
      bytes += run.bytes;
      if (last && last.length < MAX_KEYS && bytes <= MAX_BYTES) last.push(run);
      else {
        commands.push([run]);
        bytes = run.bytes;
      }
    }
    return commands;
  }
}

function runOf(key: string, rest: Run['rest']): Run {
  const bytes = rest.reduce<number>((sum, each) => sum + (typeof each === 'number' ? 8 : each.length), key.length);
  return { key, rest, bytes };
}

const sizeOf = (runs: readonly Run[]): number => runs.reduce((sum, { bytes }) => sum + bytes, 0);
