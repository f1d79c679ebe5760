import { CacheEnvironment } from './cache-environment.js';
import { DeprecatedEnvironment } from './deprecated-environment.js';

const FOREIGN_PREFIX = 'LLAMAINDEX_CACHE_';
const NAMED_AT_MOST = 5;

/** Warns of variables that look as if they were meant for this cache and are not read by it. */
export function warnOfUnknown(given: ReadonlySet<string>, warn: (message: string) => void): void {
  const known = Object.keys(new CacheEnvironment());
  const read = new Set([...known, ...Object.keys(new DeprecatedEnvironment())]);
  for (const name of given) {
    if (!name.startsWith('CACHE_') || read.has(name)) continue;
    const meant = known.find((candidate) => isWithinEdits(2, name, candidate));
    if (meant) warn(`${name} is not read by the cache: was ${meant} meant?`);
  }
  const foreign = [...given].filter((name) => name.startsWith(FOREIGN_PREFIX));
  if (foreign.length === 0) return;
  const more = foreign.length > NAMED_AT_MOST ? ` and ${foreign.length - NAMED_AT_MOST} more` : '';
  warn(`${foreign.slice(0, NAMED_AT_MOST).join(', ')}${more}: not read by this cache, remove them`);
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
