import { existsSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ToolDescriptor } from 'nestjs-agent-cache';

export const SHARES = ['run', 'task', 'all'] as const;
export const STATES = ['live', 'forked'] as const;

/** What the replay must be told about the tools of a trace; the exports of a policy file. */
export interface ReplayPolicy {
  /** For people: the name of its file. */
  readonly name: string;
  /**
   * `'descriptors'`: the decorator for tools does as `describe` says. `'obvious'`: what `describe` calls cacheable is kept
   * under the tool's name and parameters for a time, and that is all.
   */
  readonly design: 'descriptors' | 'obvious';
  /** What a tool is; `undefined`: unknown, so never cached and taken to change everything. */
  describe(tool: string, params: unknown, env: unknown): ToolDescriptor | null | undefined;
  /** Between whom answers are shared. Default `'all'`. */
  readonly share: (typeof SHARES)[number];
  /**
   * What the runs work on. `'live'` (default): all on the same things, so each sees what the others changed. `'forked'`:
   * each on a copy of the same base, so that two runs may share an answer where they have made the same changes to what it
   * depends on.
   */
  readonly state: (typeof STATES)[number];
  /** What of an answer counts when a cached one is compared with the recorded one. Default: all of it. */
  normalise(tool: string, output: unknown): unknown;
  /** How long a call of the tool takes, in milliseconds, where the trace does not say; `undefined`: not known. */
  msOf(tool: string): number | undefined;
}

/** A policy that cannot be replayed; the message says what is wrong with it. */
export class PolicyError extends Error {}

type PolicyModule = Partial<Record<'describe' | 'share' | 'state' | 'normalise' | 'ms', unknown>>;

/** Loads a policy file: an ES module that exports `describe` and, optionally, `share`, `state`, `normalise` and `ms`. */
export async function loadPolicy(file: string): Promise<ReplayPolicy> {
  const exported = await importModule(file);
  const problems = [
    ...(typeof exported.describe === 'function' ? [] : ['describe must be a function (tool, params, env)']),
    ...oneOf(exported, 'share', SHARES),
    ...oneOf(exported, 'state', STATES),
    ...(['function', 'undefined'].includes(typeof exported.normalise)
      ? []
      : ['normalise must be a function (tool, output)']),
    ...(['function', 'number', 'undefined'].includes(typeof exported.ms)
      ? []
      : ['ms must be a number or a function (tool)']),
  ];
  if (problems.length > 0) throw new PolicyError(`${file}: ${problems.join('; ')}`);
  return toPolicy(basename(file).replace(/(\.policy)?\.[cm]?js$/, ''), exported);
}

async function importModule(file: string): Promise<PolicyModule> {
  if (!existsSync(file)) throw new PolicyError(`There is no policy ${file}: name one with --policy`);
  try {
    return (await import(pathToFileURL(resolve(file)).href)) as PolicyModule;
  } catch (error) {
    throw new PolicyError(`${file} cannot be loaded: ${String(error)}`);
  }
}

function oneOf(exported: PolicyModule, name: 'share' | 'state', allowed: readonly string[]): string[] {
  const value = exported[name];
  return value === undefined || allowed.includes(value as string)
    ? []
    : [`${name} must be one of ${allowed.join(', ')}`];
}

function toPolicy(name: string, { describe, share, state, normalise, ms }: PolicyModule): ReplayPolicy {
  return {
    name,
    design: 'descriptors',
    describe: describe as ReplayPolicy['describe'],
    share: (share ?? 'all') as ReplayPolicy['share'],
    state: (state ?? 'live') as ReplayPolicy['state'],
    normalise: (normalise ?? ((_tool: string, output: unknown) => output)) as ReplayPolicy['normalise'],
    msOf: typeof ms === 'function' ? (ms as ReplayPolicy['msOf']) : () => ms as number | undefined,
  };
}

/**
 * What might have been: the obvious design, and the policy with either state, each shared by run, by task and by all. The
 * policy itself is among them.
 */
export function variantsOf(policy: ReplayPolicy): ReplayPolicy[] {
  const obvious = SHARES.map((share): ReplayPolicy => ({ ...policy, design: 'obvious', share }));
  const described = STATES.flatMap((state) => SHARES.map((share) => withOptions(policy, state, share)));
  return [...obvious, ...described];
}

function withOptions(policy: ReplayPolicy, state: ReplayPolicy['state'], share: ReplayPolicy['share']): ReplayPolicy {
  return policy.state === state && policy.share === share ? policy : { ...policy, state, share };
}
