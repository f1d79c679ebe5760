import { CacheEnvironment } from './cache-environment.js';
import { DeprecatedEnvironment } from './deprecated-environment.js';

const FOREIGN_PREFIX = 'LLAMAINDEX_CACHE_';
const NAMED_AT_MOST = 5;

/** A line for each variable that looks as if it were meant for this cache and is not read by it. */
export function unknownIn(given: ReadonlySet<string>): string[] {
  const known = Object.keys(new CacheEnvironment());
  const read = new Set([...known, ...Object.keys(new DeprecatedEnvironment())]);
  const misspelt = [...given].flatMap((name) => {
    if (!name.startsWith('CACHE_') || read.has(name)) return [];
    const meant = known.find((candidate) => isWithinEdits(2, name, candidate));
    return meant ? [`${name} is not read by the cache: was ${meant} meant?`] : [];
  });
  return [...misspelt, ...foreignIn(given)];
}

/** One line for all of them. */
function foreignIn(given: ReadonlySet<string>): string[] {
  const foreign = [...given].filter((name) => name.startsWith(FOREIGN_PREFIX));
  if (foreign.length === 0) return [];
  const more = foreign.length > NAMED_AT_MOST ? ` and ${foreign.length - NAMED_AT_MOST} more` : '';
  return [`${foreign.slice(0, NAMED_AT_MOST).join(', ')}${more}: not read by this cache, remove them`];
}

/** Whether at most `edits` characters have to be put in, taken out or exchanged to turn one text into the other. */
function isWithinEdits(edits: number, one: string, other: string): boolean {
  if (Math.abs(one.length - other.length) > edits) return false;
  if (one === '' || other === '') return true;
  if (one[0] === other[0]) return isWithinEdits(edits, one.slice(1), other.slice(1));
  const [restOfOne, restOfOther] = [one.slice(1), other.slice(1)];
  return [[restOfOne, restOfOther] as const, [restOfOne, other] as const, [one, restOfOther] as const].some(
    ([a, b]) => edits > 0 && isWithinEdits(edits - 1, a, b),
  );
}
