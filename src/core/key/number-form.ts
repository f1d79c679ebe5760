/**
 * The form of RFC 8785 for every number that JSON has, which is how JavaScript writes it; `-0` keeps its sign. The
 * others have words that no JSON text contains.
 */
export function formOfNumber(value: number): string {
  if (Number.isFinite(value)) return Object.is(value, -0) ? '-0' : String(value);
  if (Number.isNaN(value)) return '@nan';
  return value > 0 ? '@infinity' : '@-infinity';
}
