import { CacheConfigurationError } from '../errors.js';
import { type Duration, parseDuration } from './duration.js';
import { maskValue } from './mask-secrets.js';
import type { OptionNames } from './option-names.js';

interface Range {
  readonly min: number;
  readonly max?: number;
}

/**
 * Reads options that may be anything at run time, and collects what is wrong with them, so that one error can name it
 * all. `undefined` counts as absent and gives the default. What a wrong option gives means nothing: call `throwIfWrong`.
 */
export class OptionCheck {
  private readonly problems: string[] = [];

  /** Milliseconds. `range` is in milliseconds too. */
  duration<D extends Duration>(
    name: string,
    value: unknown,
    byDefault: D,
    range: Range,
    example: Duration = byDefault,
  ): number {
    const ms = parseDuration(value ?? byDefault);
    if (value !== null && ms !== null && isWithin(ms, range)) return ms;
    this.reject(name, value, `a duration ${inWords(range, 'ms')}, such as '${example}'`);
    return 0;
  }

  /** A whole number. */
  count<D extends number | undefined>(
    name: string,
    value: unknown,
    byDefault: D,
    range: Range,
    example: number,
  ): number | D {
    if (value === undefined) return byDefault;
    if (typeof value === 'number' && Number.isSafeInteger(value) && isWithin(value, range)) return value;
    this.reject(name, value, `a whole number ${inWords(range, '')}, such as ${example}`);
    return byDefault;
  }

  boolean(name: string, value: unknown, byDefault: boolean): boolean {
    return this.either(name, value, byDefault, (given) => typeof given === 'boolean', 'true or false');
  }

  /** Any other kind of value: `expected` says what `isRight` accepts; `shown` stands for a wrong value that is a secret. */
  either<T, D extends T | undefined>(
    name: string,
    value: unknown,
    byDefault: D,
    isRight: (given: unknown) => boolean,
    expected: string,
    shown = show(value),
  ): T | D {
    if (value === undefined) return byDefault;
    if (isRight(value)) return value as T;
    this.reject(name, value, expected, shown);
    return byDefault;
  }

  /**
   * A group of options: an object with no others than `names`, or absent. The name of all options together is empty.
   * `shown` as in {@link either}.
   */
  group<G extends object>(name: string, value: G | undefined, names: OptionNames<G>, shown?: string): Partial<G> {
    const expected = 'an object with options';
    const given = this.either<Partial<G>, Partial<G>>(name || 'options', value, {}, isGroup, expected, shown);
    for (const option of Object.keys(given)) {
      if (Object.hasOwn(names, option) || given[option as keyof G] === undefined) continue;
      const path = name === '' ? option : `${name}.${option}`;
      this.problems.push(`${path} is no option: expected some of ${Object.keys(names).join(', ')}`);
    }
    return given;
  }

  /** Says that `name` is not `expected`; `shown` stands for the value where that may hold a secret. */
  reject(name: string, value: unknown, expected: string, shown = show(value)): void {
    this.problems.push(`${name} is ${shown}: expected ${expected}`);
  }

  /** Says that options contradict one another, in a sentence of its own. */
  contradict(sentence: string): void {
    this.problems.push(sentence);
  }

  /** Throws one `CacheConfigurationError` with a line for every problem, if there is any. */
  throwIfWrong(): void {
    if (this.problems.length === 0) return;
    const lines = this.problems.map((problem) => `\n  - ${problem}`).join('');
    throw new CacheConfigurationError(`The options of the cache are wrong. Correct:${lines}`);
  }
}

/** Whether it is an object that may hold options by name. */
export function isGroup(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isWithin(value: number, { min, max = Number.MAX_SAFE_INTEGER }: Range): boolean {
  return value >= min && value <= max;
}

function inWords({ min, max }: Range, unit: string): string {
  return max === undefined ? `of at least ${min}${unit}` : `from ${min}${unit} to ${max}${unit}`;
}

function show(value: unknown): string {
  if (typeof value === 'string') return `'${maskValue(value)}'`;
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return String(value);
  return Array.isArray(value) ? 'an array' : `of type ${typeof value}`;
}
