import { wrongArgument } from './wrong-argument.js';

/** Which numbers a field of a policy may be. */
export interface NumberRule {
  /** For people: completes the sentence "expected …". */
  readonly expected: string;
  readonly accepts: (value: unknown) => boolean;
}

const rule = (expected: string, isRight: (value: number) => boolean): NumberRule => ({
  expected,
  accepts: (value) => typeof value === 'number' && isRight(value),
});

export const EAGER_REFRESH_RATIO = rule('a number between 0 and 1, such as 0.8', (value) => value > 0 && value < 1);
export const EARLY_EXPIRY_BETA = rule('a finite number greater than 0, such as 1', (value) => {
  return value > 0 && Number.isFinite(value);
});
export const JITTER_RATIO = rule('a number from 0 to 1, such as 0.1', (value) => value >= 0 && value <= 1);

/** `value`, which may be absent. Throws `CacheArgumentError` that names `what` where `rule` does not accept it. */
export function numberOf(what: string, value: number | undefined, { accepts, expected }: NumberRule): number | null {
  if (value === undefined) return null;
  if (accepts(value)) return value;
  throw wrongArgument(what, value, expected);
}
