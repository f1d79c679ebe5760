import { lstatSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { FileStates } from '../../../src/agent/calls/method-policy.js';
import type { Resource } from '../../../src/core/policy/resource.js';

/** A way of looking at files that the walk must find wrong answers under. */
export type Mutant = 'mtime-and-size' | 'times-of-folders' | 'remembered';

const REMEMBERED_MS = 20;

const lookOf = (path: string): string => {
  try {
    const { mtimeMs, size } = statSync(path);
    return `${Math.floor(mtimeMs)} ${size}`;
  } catch {
    return 'nothing';
  }
};

/** Names of all that lies below, without what links lead to. */
function below(path: string): string[] {
  try {
    if (!lstatSync(path).isDirectory()) return [path];
    return [path, ...readdirSync(path).flatMap((name) => below(join(path, name)))];
  } catch {
    return [];
  }
}

const looking = (pathsOf: (resource: Resource) => readonly string[]): FileStates => ({
  of: (resources) => Promise.resolve(JSON.stringify(resources.flatMap(pathsOf).map((path) => [path, lookOf(path)]))),
});

export const MUTANTS: Readonly<Record<Mutant, (real: FileStates) => FileStates>> = {
  /** As most caches do it. */
  'mtime-and-size': () => looking(({ type, id }) => (type === 'tree' ? below(id) : [id])),
  /** What was looked at is not looked at again for a moment. */
  remembered: (real) => {
    const known = new Map<string, { readonly state: Promise<string | null>; readonly untilMs: number }>();
    return {
      of(resources, how) {
        const id = JSON.stringify(resources);
        const before = known.get(id);
        if (before && before.untilMs > performance.now()) return before.state;
        const state = real.of(resources, how);
        known.set(id, { state, untilMs: performance.now() + REMEMBERED_MS });
        return state;
      },
    };
  },
  /** A folder stands for what lies below it. Files are looked at as they should be. */
  'times-of-folders': (real) => ({
    of: async (resources, how) => {
      const files = await real.of(
        resources.filter(({ type }) => type === 'file'),
        how,
      );
      const folders = await looking(({ id }) => [id]).of(
        resources.filter(({ type }) => type === 'tree'),
        how,
      );
      return files === null ? null : `${files} ${folders}`;
    },
  }),
};
