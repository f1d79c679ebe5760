import { sep } from 'node:path';
import { type Found, follow, followFrom } from './follow.js';
import { kindOf, type Survey } from './survey.js';

/** What stands for a file. Of a folder: for what is in it, without what is in the folders below. */
export const fileState = (survey: Survey, path: string): Promise<string> => stateAt(survey, path, 1);

/** What stands for all that lies below a folder, and below those that links in it lead to. Of a file: as `fileState`. */
export const treeState = (survey: Survey, path: string): Promise<string> => stateAt(survey, path, Infinity);

/**
 * Folders are walked level by level, those of one level at once, and told in a fixed order, each once: so a cycle of links
 * ends. `levels`: at most so many.
 */
async function stateAt(survey: Survey, path: string, levels: number): Promise<string> {
  const top = await follow(survey, path);
  if (kindIn(top) === 'other') throw new Error('what comes out of a device or a pipe nobody can tell');
  const told = [path, await stateOf(survey, top)];
  const numbers = new Map([[top.path, 0]]);
  let level = kindIn(top) === 'folder' ? [top.path] : [];
  for (let depth = 0; depth < levels && level.length > 0; depth++) {
    const next: string[] = [];
    for (const { folder, name, found, state } of await entriesOf(survey, level)) {
      if (kindIn(found) === 'folder' && !numbers.has(found.path)) {
        numbers.set(found.path, numbers.size);
        next.push(found.path);
      }
      told.push(textOf(String(numbers.get(folder)), name, state, String(numbers.get(found.path))));
    }
    level = next;
  }
  return textOf(...told);
}

interface Entry {
  readonly folder: string;
  readonly name: string;
}

interface Described {
  readonly found: Found;
  readonly state: string;
}

/** All entries of some folders, in a fixed order. */
async function entriesOf(survey: Survey, folders: readonly string[]): Promise<(Entry & Described)[]> {
  const found = folders.map(async (folder) => {
    const names = await survey.namesIn(folder);
    const answers = await Promise.all(names.map((name) => describe(survey, { folder, name })));
    return names.map((name, index) => ({ folder, name, ...(answers[index] as Described) }));
  });
  return (await Promise.all(found)).flat();
}

async function describe(survey: Survey, entry: Entry): Promise<Described> {
  const found = await lookAt(survey, entry);
  const state = stateOf(survey, found);
  return { found, state: typeof state === 'string' ? state : await state };
}

async function lookAt(survey: Survey, { folder, name }: Entry): Promise<Found> {
  // `join` would take as long as the question.
  const path = folder.endsWith(sep) ? folder + name : folder + sep + name;
  const stats = await survey.look(path);
  if (!stats) throw new Error('it went while the folder was walked');
  return stats.isSymbolicLink() ? followFrom(survey, folder, name) : { path, stats, way: '' };
}

/** At once, unless something must be read. */
function stateOf(survey: Survey, { path, stats, way }: Found): string | Promise<string> {
  const state = stats === null ? 'nothing' : survey.stateOf(path, stats);
  return typeof state === 'string' ? textOf(way, state) : state.then((read) => textOf(way, read));
}

const kindIn = ({ stats }: Found): string => (stats === null ? 'nothing' : kindOf(stats));

/** Parts that cannot be taken for others: each is told with its length. */
function textOf(...parts: readonly string[]): string {
  let text = '';
  for (const part of parts) text += `${part.length}:${part}`;
  return text;
}
