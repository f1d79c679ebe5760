/**
 * What is asked of the store in one go at most. Of more, a portion is sent when the one before it is answered: all at once, they
 * would leave no room for what others ask, and the last would wait for the first until it is given up.
 */
const MOST_AT_ONCE = 500;

/** `items` in their order, in portions. Few are handed on as they are. */
export function portionsOf<T>(items: readonly T[]): readonly (readonly T[])[] {
  if (items.length <= MOST_AT_ONCE) return [items];
  const count = Math.ceil(items.length / MOST_AT_ONCE);
  return Array.from({ length: count }, (_, at) => items.slice(at * MOST_AT_ONCE, (at + 1) * MOST_AT_ONCE));
}
