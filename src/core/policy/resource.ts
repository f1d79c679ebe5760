import { CacheArgumentError } from '../errors.js';
import { isWellFormed } from '../well-formed.js';
import { plainPath } from './lexical-path.js';

/** Something in the world that an answer depends on and a tool may change. */
export interface Resource {
  /** A word of your own, such as `ticket`. `file` and `tree` are the paths of files and folders, `*` is everything. */
  readonly type: string;
  /** Which of them. */
  readonly id: string;
}

const PATH_TYPES: ReadonlySet<string> = new Set(['file', 'tree']);

/**
 * One file, or the entries of one folder without what is in the folders below it. A path that is not absolute is relative to
 * the working folder. `./a`, `b/../a`, `a/` and ways through symbolic links are one resource; `link/../a` is both what its
 * text says and what the file system opens.
 * Throws `CacheArgumentError` for what is no path.
 */
export const file = (path: string): Resource => normalised({ type: 'file', id: path });

/**
 * A folder with all that lies below it, at any depth: it changes when something below it does, and what lies below it
 * changes when it does. Otherwise as {@link file}.
 */
export const tree = (folder: string): Resource => normalised({ type: 'tree', id: folder });

/** One thing of a type, e.g. `resource('ticket', '4711')`. Throws `CacheArgumentError` for texts that are empty or not well-formed. */
export const resource = (type: string, id: string): Resource => normalised({ type, id });

/** All resources there are: invalidating it makes every result unusable that depends on any resource. */
export const everything = (): Resource => ({ type: '*', id: '*' });

/** Whether it is a file or a folder. */
export const isPath = ({ type }: Resource): boolean => PATH_TYPES.has(type);

/** Whether it stands for all resources. */
export const isEverything = ({ type }: Resource): boolean => type === '*';

/** The form that all spellings share which can be told from the text alone. Throws `CacheArgumentError` for what is no resource. */
export function normalised(given: unknown): Resource {
  const { type, id } = Object(given) as { readonly type?: unknown; readonly id?: unknown };
  assertText('type', type);
  assertText('id', id);
  if (type === '*') {
    if (id === '*') return everything();
    throw new CacheArgumentError("the type '*' of a resource is everything(): give resources of your own another one");
  }
  if (!PATH_TYPES.has(type)) return { type: type.normalize('NFC'), id: id.normalize('NFC') };
  if (id.includes('\0')) throw new CacheArgumentError('the path of a resource has a NUL in it: no file can be there');
  return { type, id: plainPath(id) };
}

function assertText(what: 'type' | 'id', value: unknown): asserts value is string {
  if (typeof value === 'string' && value !== '' && isWellFormed(value)) return;
  const shown = value === '' ? 'empty' : typeof value === 'string' ? 'no well-formed text' : `of type ${typeof value}`;
  throw new CacheArgumentError(
    `the ${what} of a resource is ${shown}: expected a text, as in file('notes/today.md') or resource('ticket', '4711')`,
  );
}
