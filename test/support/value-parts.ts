/** All objects inside, and the memory that bytes lie in. */
export function objectsOf(value: unknown, found = new Set<object>()): Set<object> {
  if (typeof value !== 'object' || value === null || found.has(value)) return found;
  found.add(value);
  if (ArrayBuffer.isView(value)) return found.add(value.buffer);
  if (value instanceof Map) for (const entry of value) entry.forEach((half) => objectsOf(half, found));
  if (value instanceof Set) for (const item of value) objectsOf(item, found);
  for (const inner of Object.values(value)) objectsOf(inner, found);
  return found;
}

/** Whether no object, and no memory of bytes, is in both. */
export const sharesNothing = (one: unknown, other: unknown): boolean => {
  const ours = objectsOf(one);
  return [...objectsOf(other)].every((object) => !ours.has(object));
};

/** Names in their order, at every depth: what a caller that prints an object sees. */
export const orderOf = (value: unknown): string => {
  const names: string[] = [];
  const walk = (inner: unknown): void => {
    if (typeof inner !== 'object' || inner === null || ArrayBuffer.isView(inner)) return;
    if (inner instanceof Map) for (const entry of inner) entry.forEach(walk);
    else if (inner instanceof Set) for (const item of inner) walk(item);
    else Object.entries(inner).forEach(([name, each]) => (names.push(name), walk(each)));
  };
  walk(value);
  return JSON.stringify(names);
};
