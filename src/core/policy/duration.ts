import { wrongArgument } from './wrong-argument.js';

type DurationUnit = 'ms' | 's' | 'm' | 'h' | 'd';

/** A length of time with its unit: `'500ms'`, `'30s'`, `'30m'`, `'1h'`, `'7d'`. A bare number is refused. */
export type Duration = `${number}${DurationUnit}`;

const MS_PER_UNIT: Readonly<Record<DurationUnit, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const SYNTAX = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;

/** The duration in whole milliseconds, or `null` for anything that is not a duration or is not finite. */
export function parseDuration(value: unknown): number | null {
  const match = typeof value === 'string' ? SYNTAX.exec(value) : null;
  if (!match) return null;
  const ms = Math.round(Number(match[1]) * MS_PER_UNIT[match[2] as DurationUnit]);
  return Number.isSafeInteger(ms) ? ms : null;
}

/** Like {@link parseDuration}, for arguments. Throws `CacheArgumentError` that names `what`; must be at least 1 ms. */
export function toMs(value: unknown, what: string): number {
  const ms = parseDuration(value);
  if (ms !== null && ms >= 1) return ms;
  const expected = "a duration with a unit of at least 1 ms, such as '500ms', '30s', '30m', '1h' or '7d'";
  throw wrongArgument(what, value, expected);
}

/** Like {@link toMs}, where no time at all means something, too. */
export function toMsOrNone(value: unknown, what: string): number {
  const ms = parseDuration(value);
  if (ms !== null) return ms;
  throw wrongArgument(what, value, "a duration with a unit, such as '0s', '500ms', '30s', '30m', '1h' or '7d'");
}
