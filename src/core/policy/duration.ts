import { CacheArgumentError } from '../errors.js';

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
  const shown = typeof value === 'string' ? `'${value}'` : typeof value === 'number' ? String(value) : typeof value;
  throw new CacheArgumentError(
    `${what} is ${shown}: expected a duration with a unit of at least 1 ms, such as '500ms', '30s', '30m', '1h' or '7d'`,
  );
}
