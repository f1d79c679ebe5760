import { isTexts } from '../../agent/options/option-rules.js';
import type { SecretOptions } from '../../agent/secrets/secret-finder.js';
import type { OptionCheck } from '../../core/policy/option-check.js';
import type { OptionNames } from '../../core/policy/option-names.js';

const NAMES: OptionNames<SecretOptions> = { fields: true, allowFields: true, patterns: true };

/** Says what is wrong with the module's option `secrets`, which may be anything at run time. */
export function checkSecrets(secrets: SecretOptions | undefined, check: OptionCheck): void {
  const { fields, allowFields, patterns } = check.group<SecretOptions>('secrets', secrets, NAMES);
  const names = 'an array of names of fields';
  check.either<readonly string[], undefined>('secrets.fields', fields, undefined, isTexts, names);
  check.either<readonly string[], undefined>('secrets.allowFields', allowFields, undefined, isTexts, names);
  const expected = 'an array of regular expressions that do not match the empty text, such as [/acme-[a-z0-9]{32}/]';
  check.either<readonly RegExp[], undefined>('secrets.patterns', patterns, undefined, arePatterns, expected);
}

function arePatterns(value: unknown): boolean {
  return Array.isArray(value) && value.every(isPattern);
}

/** One that matches the empty text matches every text, so that nothing would be stored. */
function isPattern(value: unknown): boolean {
  return Object.prototype.toString.call(value) === '[object RegExp]' && ''.search(value as RegExp) === -1;
}
