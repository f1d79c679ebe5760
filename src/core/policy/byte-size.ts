const BYTES_PER_UNIT: Readonly<Record<string, number>> = { b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 };
const SYNTAX = /^(\d+(?:\.\d+)?)(b|kb|mb|gb)?$/;

/**
 * A size such as `'64mb'`, `'512kb'`, `'1.5gb'` or `'1000'` (bytes) in whole bytes; units are powers of 1,024 in upper
 * or lower case. `null` for anything else.
 */
export function parseByteSize(value: unknown): number | null {
  const match = typeof value === 'string' ? SYNTAX.exec(value.toLowerCase()) : null;
  const perUnit = BYTES_PER_UNIT[match?.[2] ?? 'b'];
  if (!match || perUnit === undefined) return null;
  const bytes = Math.round(Number(match[1]) * perUnit);
  return Number.isSafeInteger(bytes) ? bytes : null;
}
