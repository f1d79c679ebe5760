import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ToolDescriptor } from 'nestjs-agent-cache';

/** What the replay must be told about the tools of a trace; the exports of a policy file. */
export interface ReplayPolicy {
  /** What a tool is; `undefined`: unknown, so never cached and taken to change everything. */
  describe(tool: string, params: unknown, env: unknown): ToolDescriptor | undefined;
  /** Between whom answers are shared. Default `'all'`. */
  readonly share: 'run' | 'task' | 'all';
  /**
   * What the runs work on. `'live'` (default): all on the same things, so each sees what the others changed. `'forked'`:
   * each on a copy of the same base, so that two runs may share an answer where they have made the same changes.
   */
  readonly state: 'live' | 'forked';
  /** What of an answer counts when a cached one is compared with the recorded one. Default: all of it. */
  normalise(tool: string, output: unknown): unknown;
  /** How long a call of the tool takes, in milliseconds, where the trace does not say; `undefined`: not known. */
  msOf(tool: string): number | undefined;
}

type PolicyModule = Partial<Record<'describe' | 'share' | 'state' | 'normalise' | 'ms', unknown>>;

/** Loads a policy file: an ES module that exports `describe` and, optionally, `share`, `state`, `normalise` and `ms`. */
export async function loadPolicy(file: string): Promise<ReplayPolicy> {
  const exported = (await import(pathToFileURL(resolve(file)).href)) as PolicyModule;
  const problems = [
    ...(typeof exported.describe === 'function' ? [] : ['describe must be a function (tool, params, env)']),
    ...oneOf(exported, 'share', ['run', 'task', 'all']),
    ...oneOf(exported, 'state', ['live', 'forked']),
    ...(['function', 'undefined'].includes(typeof exported.normalise)
      ? []
      : ['normalise must be a function (tool, output)']),
    ...(['function', 'number', 'undefined'].includes(typeof exported.ms)
      ? []
      : ['ms must be a number or a function (tool)']),
  ];
  if (problems.length > 0) throw new TypeError(`${file}: ${problems.join('; ')}`);
  return toPolicy(exported);
}

function oneOf(exported: PolicyModule, name: 'share' | 'state', allowed: readonly string[]): string[] {
  const value = exported[name];
  return value === undefined || allowed.includes(value as string)
    ? []
    : [`${name} must be one of ${allowed.join(', ')}`];
}

function toPolicy({ describe, share, state, normalise, ms }: PolicyModule): ReplayPolicy {
  return {
    describe: describe as ReplayPolicy['describe'],
    share: (share ?? 'all') as ReplayPolicy['share'],
    state: (state ?? 'live') as ReplayPolicy['state'],
    normalise: (normalise ?? ((_tool: string, output: unknown) => output)) as ReplayPolicy['normalise'],
    msOf: typeof ms === 'function' ? (ms as ReplayPolicy['msOf']) : () => ms as number | undefined,
  };
}
