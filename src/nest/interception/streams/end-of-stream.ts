import { finished } from 'node:stream';

/** Told once how a stream has ended: `failed` only where it says so. Whoever can wait for it does. */
export type Ended = (end: { readonly error?: unknown }) => Promise<unknown>;

type Step = 'next' | 'return' | 'throw';
const STEPS: readonly Step[] = ['next', 'return', 'throw'];

interface NodeStream {
  once(event: 'close' | 'end', listener: () => void): void;
  readonly errored?: unknown;
}

/**
 * Calls `ended` when a stream has been read to its end, failed or was left, without reading it: the stream stays the object
 * that it is. The reader of an iterator is told of the end once `ended` is done; that of a `Readable` or a `ReadableStream` a
 * moment before. One that nobody reads does not end.
 */
export function onEndOfStream(stream: AsyncIterable<unknown>, ended: Ended): void {
  if (isNodeStream(stream)) {
    const tell = (): void => void ended(stream.errored ? { error: stream.errored } : {});
    // An 'error' listener would keep an error that nobody handles from being one.
    for (const event of ['end', 'close'] as const) stream.once(event, tell);
  } else if (stream instanceof ReadableStream) {
    finished(stream as never, (error) => void ended(error ? { error } : {}));
  } else {
    try {
      watchIterable(stream as object, ended);
    } catch {
      // It cannot be changed, being frozen: its end cannot be told from its beginning.
      void ended({});
    }
  }
}

function isNodeStream(stream: object): stream is NodeStream {
  const { once, pipe } = stream as { readonly once?: unknown; readonly pipe?: unknown };
  return typeof once === 'function' && typeof pipe === 'function';
}

function watchIterable(stream: object, ended: Ended): void {
  if ('next' in stream) return watchIterator(stream, ended);
  const iterate: unknown = Reflect.get(stream, Symbol.asyncIterator);
  replace(stream, Symbol.asyncIterator, () => {
    const iterator = Reflect.apply(iterate as () => object, stream, []);
    watchIterator(iterator, ended);
    return iterator;
  });
}

function watchIterator(iterator: object, ended: Ended): void {
  for (const name of STEPS) {
    const step: unknown = Reflect.get(iterator, name);
    if (typeof step !== 'function') continue;
    replace(iterator, name, async (...args: unknown[]) => {
      try {
        const result = (await Reflect.apply(step, iterator, args)) as IteratorResult<unknown>;
        if (result.done) await ended({});
        return result;
      } catch (error) {
        await ended({ error });
        throw error;
      }
    });
  }
}

function replace(object: object, name: string | symbol, value: unknown): void {
  Object.defineProperty(object, name, { value, configurable: true, writable: true, enumerable: false });
}
