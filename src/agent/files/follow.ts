import type { BigIntStats } from 'node:fs';
import { basename, dirname, isAbsolute, join, parse, resolve, sep } from 'node:path';
import type { Survey } from './survey.js';

/** Where a path leads. */
export interface Found {
  /** Without any link in it. */
  readonly path: string;
  /** `null`: nothing is there. */
  readonly stats: BigIntStats | null;
  /** What stands for all that lies between: each link, and the folder in which the way ends where nothing is there. */
  readonly way: string;
}

const SEPARATORS = sep === '/' ? /\// : /[\\/]/;
/** As Linux has it. */
const MOST_LINKS = 40;

/**
 * Follows a path as the system does: `link/..` is the folder above the one that the link leads to. Paths without links, most
 * of all, take two questions.
 */
export async function follow(survey: Survey, path: string): Promise<Found> {
  // Not joined, since that would take `link/..` for nothing.
  const whole = isAbsolute(path) ? path : `${resolve()}${sep}${path}`;
  if ((await survey.realPathOf(whole)) === whole) {
    const stats = await survey.look(whole);
    if (stats && !stats.isSymbolicLink()) return { path: whole, stats, way: '' };
  }
  const parent = dirname(whole);
  if ((await survey.realPathOf(parent)) === parent) return followFrom(survey, parent, basename(whole));
  const { root } = parse(whole);
  return followFrom(survey, root, whole.slice(root.length));
}

/** Follows a path from a folder on whose own path there is no link. */
export async function followFrom(survey: Survey, folder: string, path: string): Promise<Found> {
  const way: string[] = [];
  const parts = partsOf(path);
  let [at, stats] = [folder, await survey.look(folder)];
  while (parts.length > 0) {
    const next = join(at, parts.pop() as string);
    // `file/..` leads nowhere.
    const found = stats?.isDirectory() ? await survey.look(next) : null;
    if (!found) return { path: next, stats: null, way: [...way, endOf(survey, stats)].join('\0') };
    if (!found.isSymbolicLink()) {
      [at, stats] = [next, found];
      continue;
    }
    if (way.length === MOST_LINKS) return { path: next, stats: null, way: way.join('\0') };
    const target = await survey.targetOf(next);
    way.push(`${target}\0${survey.factsOf(found)}`);
    const root = isAbsolute(target) ? parse(target).root : '';
    parts.push(...partsOf(target.slice(root.length)));
    if (root) [at, stats] = [root, await survey.look(root)];
  }
  return { path: at, stats, way: way.join('\0') };
}

/** The last one first. */
function partsOf(path: string): string[] {
  return path
    .split(SEPARATORS)
    .filter((part) => part !== '' && part !== '.')
    .reverse();
}

/** A file that comes and goes again leaves its mark on the folder. */
function endOf(survey: Survey, folder: BigIntStats | null): string {
  if (!folder) throw new Error('the folder has gone meanwhile');
  return survey.factsOf(folder);
}
