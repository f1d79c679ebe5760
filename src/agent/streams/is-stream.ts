/**
 * Whether it is read chunk by chunk with `for await`: what an asynchronous generator answers, a `ReadableStream`, a `Readable`
 * of Node. What can be awaited itself, such as a query, is none.
 */
export function isStream(value: unknown): value is AsyncIterable<unknown> {
  if (typeof value !== 'object' || value === null) return false;
  try {
    const { then, [Symbol.asyncIterator]: iterate } = value as { then?: unknown; [Symbol.asyncIterator]?: unknown };
    return typeof iterate === 'function' && typeof then !== 'function';
  } catch {
    // A proxy that refuses to be looked at.
    return false;
  }
}
