import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What Node loads of a package for one of its files: that file, and all that it imports or requires from beside it. */
export function filesOf(file) {
  const found = new Set([file]);
  // A set goes on to what is added while it is walked.
  for (const each of found) {
    const code = readFileSync(each, 'utf8');
    for (const [, path] of code.matchAll(/(?:\bfrom|\bimport|\brequire\()\s*['"](\.[^'"]+)['"]/g)) {
      found.add(join(dirname(each), path));
    }
  }
  return [...found];
}
