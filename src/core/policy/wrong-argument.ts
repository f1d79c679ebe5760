import { CacheArgumentError } from '../errors.js';

/** Says that the argument `what` is `value`, and what is expected. Texts of the caller's own are shown, objects are not. */
export function wrongArgument(what: string, value: unknown, expected: string): CacheArgumentError {
  return new CacheArgumentError(`${what} is ${shown(value)}: expected ${expected}`);
}

function shown(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : typeof value;
}
