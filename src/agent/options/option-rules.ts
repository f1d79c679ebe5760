import { isCost } from '../../core/policy/cost.js';
import { parseDuration } from '../../core/policy/duration.js';
import { SCOPE_LEVELS } from '../../core/scope-key.js';
import { isPlainObject } from './plain-object.js';

/** What an option may be. */
export interface OptionRule {
  /** For people: completes the sentence "expected …". */
  readonly expected: string;
  accepts(value: unknown): boolean;
}

export type OptionRules = Readonly<Record<string, OptionRule>>;

const rule = (expected: string, accepts: (value: unknown) => boolean): OptionRule => ({ expected, accepts });
/** Whether it is a text that is not empty. */
export const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
const isFunction = (value: unknown): boolean => typeof value === 'function';
const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;
/** Whether it is an array of texts, none of them empty. */
export const isTexts = (value: unknown): value is readonly string[] => Array.isArray(value) && value.every(isText);
const LEVELS: readonly unknown[] = ['public', ...SCOPE_LEVELS];

export const aDuration = rule(
  "a duration with a unit of at least 1 ms, such as '500ms', '30s', '30m', '1h' or '7d'",
  (value) => (parseDuration(value) ?? 0) >= 1,
);
export const aGrace = rule("a duration with a unit, such as '30s' or '0s'", (value) => parseDuration(value) !== null);
export const aText = rule('a text that is not empty', isText);
export const aFunction = rule('a function of the arguments', isFunction);
export const aFlag = rule('true or false', (value) => typeof value === 'boolean');
export const aScopeLevel = rule(`one of ${LEVELS.join(', ')}`, (value) => LEVELS.includes(value));
export const aTextOrFunction = rule(
  'a text that is not empty, or a function of the arguments',
  (value) => isText(value) || isFunction(value),
);
export const textsOrFunction = rule(
  'an array of texts that are not empty, or a function of the arguments',
  (value) => isTexts(value) || isFunction(value),
);
export const aNumberOrFunction = rule(
  'a finite number, or a function of the arguments',
  (value) => Number.isFinite(value) || isFunction(value),
);
export const aCountOrFunction = rule(
  'a whole number of at least 1, or a function of the arguments',
  (value) => (Number.isSafeInteger(value) && Number(value) >= 1) || isFunction(value),
);
export const aCost = rule(
  '{ tokens, usd } with finite numbers of at least 0, or a function of a result that answers that',
  (value) => (isPlainObject(value) && isCost(value)) || isFunction(value),
);
export const anything = rule('anything', () => true);

/** Whether it is a class or the prototype of one: what a decorator without parentheses gets in place of options. */
export const isOfClass = (value: unknown): boolean =>
  isFunction(value) || (isObject(value) && Object.hasOwn(value, 'constructor') && isFunction(value.constructor));

/**
 * Checks what was given to the decorator `@<name>`; an option that is `undefined` counts as absent. Throws `TypeError`
 * that names the option, what it is and what is expected.
 */
export function checkOptions(
  name: string,
  options: object,
  rules: OptionRules,
  required: readonly string[] = [],
): void {
  if (isOfClass(options)) throw new TypeError(`@${name} was given a class in place of options: write @${name}()`);
  if (!isPlainObject(options) && !isBare(options)) {
    throw new TypeError(
      `@${name} was given ${isObject(options) ? Object.prototype.toString.call(options) : describe(options)}: expected a plain object of options, or nothing`,
    );
  }
  for (const [option, value] of Object.entries(options) as [string, unknown][]) {
    const expected = Object.hasOwn(rules, option) ? rules[option] : undefined;
    if (!expected) {
      throw new TypeError(`@${name} has no option '${option}': expected some of ${Object.keys(rules).join(', ')}`);
    }
    if (value !== undefined && !expected.accepts(value)) {
      throw new TypeError(`@${name} option '${option}' is ${describe(value)}: expected ${expected.expected}`);
    }
  }
  for (const option of required) {
    if ((options as Record<string, unknown>)[option] === undefined) {
      throw new TypeError(`@${name} needs the option '${option}': expected ${rules[option]?.expected ?? 'a value'}`);
    }
  }
}

/** Whether it is an object without a prototype. */
const isBare = (value: unknown): boolean => isObject(value) && Object.getPrototypeOf(value) === null;

function describe(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return String(value);
  return Array.isArray(value) ? 'an array' : `of the type ${typeof value}`;
}
