import { type Duration, parseDuration } from '../../core/policy/duration.js';

const TRUE = ['true', '1', 'yes', 'on'];
const FALSE = ['false', '0', 'no', 'off'];
const BARE_NUMBER = /^\d+(\.\d+)?$/;

/** Names of the variables that are set to more than spaces. */
export function namesGivenIn(env: NodeJS.ProcessEnv): ReadonlySet<string> {
  return new Set(Object.keys(env).filter((name) => env[name]?.trim()));
}

/** `variables` with the trimmed texts of those that are set. */
export function fill<T extends object>(variables: T, env: NodeJS.ProcessEnv): T {
  for (const name of Object.keys(variables)) {
    const text = env[name]?.trim();
    if (text) Object.assign(variables, { [name]: text });
  }
  return variables;
}

/** `true/1/yes/on` and `false/0/no/off` in any case; `null` for anything else. */
export function parseBooleanText(text: string): boolean | null {
  if (TRUE.includes(text.toLowerCase())) return true;
  return FALSE.includes(text.toLowerCase()) ? false : null;
}

/** A duration as the environment writes it: with a unit, or a bare number of seconds. `null` for anything else. */
export function parseDurationText(text: string): Duration | null {
  const duration = BARE_NUMBER.test(text) ? `${text}s` : text;
  return parseDuration(duration) === null ? null : (duration as Duration);
}

/** Like {@link parseDurationText}, where the word `off` is allowed, in any case. */
export function parseDurationOrOff(text: string): Duration | 'off' | null {
  return text.toLowerCase() === 'off' ? 'off' : parseDurationText(text);
}

/** A whole number in decimal digits; `null` for anything else. */
export function parseCountText(text: string): number | null {
  const count = /^\d+$/.test(text) ? Number(text) : NaN;
  return Number.isSafeInteger(count) ? count : null;
}

/** The parts between commas, trimmed; empty ones are dropped. */
export const parseListText = (text: string): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
