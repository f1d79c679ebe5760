/**
 * A path without `.`, doubled and trailing slashes; `.` for nothing else. `..` stays: what is above a symbolic link, only
 * the file system knows.
 */
export function plainPath(path: string): string {
  const names = namesOf(path);
  if (!path.startsWith('/')) return names.join('/') || '.';
  const first = names.findIndex((name) => name !== '..');
  return `/${(first < 0 ? [] : names.slice(first)).join('/')}`;
}

/**
 * The same without `..`, as far as the text tells: it takes the name before it away, as in `node:path`, and stays where a
 * relative path begins with it.
 */
export function lexicalPath(path: string): string {
  const isAbsolute = path.startsWith('/');
  const kept: string[] = [];
  for (const name of namesOf(path)) {
    if (name !== '..') kept.push(name);
    else if (kept.length > 0 && kept.at(-1) !== '..') kept.pop();
    else if (!isAbsolute) kept.push(name);
  }
  if (isAbsolute) return `/${kept.join('/')}`;
  return kept.join('/') || '.';
}

const namesOf = (path: string): string[] => path.split('/').filter((name) => name !== '' && name !== '.');

/** The folders above an absolute, normalised path, from the nearest to `/`, which has none. */
export function foldersAbove(path: string): string[] {
  const folders: string[] = [];
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) folders.push(path.slice(0, end));
  if (path !== '/') folders.push('/');
  return folders;
}
