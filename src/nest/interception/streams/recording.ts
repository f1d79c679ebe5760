import { UnkeptStream } from '../../../agent/streams/unkept-stream.js';
import { createValueCodec } from '../../../codec/value-codec.js';
import type { EncodedValue } from '../../../core/ports/codec.js';

/** For how long nobody may read on before what was recorded is given up. */
const MAX_PAUSE_MS = 60_000;
/** What one chunk costs besides its bytes. */
const CHUNK_BYTES = 64;

const codec = createValueCodec();

/**
 * Hands a stream on as it is read, chunk by chunk and no sooner, and keeps a copy of each chunk, as it was when it came. What
 * it answers, throws and is sent goes through unchanged.
 */
export class Recording implements AsyncIterable<unknown> {
  /** The chunks, once the stream has ended; or why they are not to be stored. Never rejects. */
  readonly outcome: Promise<unknown[] | UnkeptStream>;
  private settle!: (outcome: unknown[] | UnkeptStream) => void;
  private chunks: EncodedValue[] | null = [];
  private bytes = 0;
  private readonly pause: NodeJS.Timeout;

  constructor(
    private readonly source: AsyncIterable<unknown>,
    private readonly maxBytes: number,
  ) {
    this.outcome = new Promise((resolve) => {
      this.settle = resolve;
    });
    this.pause = setTimeout(() => this.giveUp('the stream was not read on for a minute'), MAX_PAUSE_MS);
    this.pause.unref();
  }

  [Symbol.asyncIterator](): AsyncIterator<unknown, unknown> {
    const inner = this.source[Symbol.asyncIterator]() as AsyncIterator<unknown, unknown>;
    return {
      next: (...sent) => this.next(inner, sent),
      return: async (value) => {
        this.giveUp('the stream was left before its end');
        return inner.return ? inner.return(value) : { done: true, value: await value };
      },
      throw: async (error) => {
        this.giveUp('the stream was left before its end');
        if (inner.throw) return inner.throw(error);
        await inner.return?.();
        throw error;
      },
    };
  }

  /** Reads it to its end for nobody. */
  async drain(): Promise<void> {
    try {
      const reading = this[Symbol.asyncIterator]();
      while (this.chunks && !(await reading.next()).done);
      if (!this.chunks) await reading.return?.();
    } catch {
      // It has failed, which is why nothing is stored.
    }
  }

  private async next(
    inner: AsyncIterator<unknown, unknown>,
    sent: readonly unknown[],
  ): Promise<IteratorResult<unknown, unknown>> {
    if (sent[0] !== undefined) this.giveUp('something was sent into the stream');
    try {
      const result = await inner.next(...(sent as []));
      if (!result.done) this.keep(result.value);
      else if (result.value === undefined) this.complete();
      else this.giveUp('the stream answered a value at its end');
      return result;
    } catch (error) {
      this.giveUp('the stream failed');
      throw error;
    }
  }

  private keep(chunk: unknown): void {
    if (!this.chunks) return;
    this.pause.refresh();
    const encoding = codec.encode(chunk);
    if (!encoding.ok) return this.giveUp('a chunk of the stream cannot be stored');
    this.bytes += encoding.encoded.bytes.byteLength + CHUNK_BYTES;
    if (this.bytes > this.maxBytes) return this.giveUp('larger than maxValueBytes');
    this.chunks.push(encoding.encoded);
  }

  private complete(): void {
    const decoded = (this.chunks ?? []).map((chunk) => codec.decode(chunk));
    const chunks = decoded.flatMap((chunk) => (chunk.ok ? [chunk.value] : []));
    if (chunks.length < decoded.length) return this.giveUp('a chunk of the stream cannot be stored');
    this.end(chunks);
  }

  private giveUp(reason: string): void {
    this.end(new UnkeptStream(reason));
  }

  /** The first end counts. */
  private end(outcome: unknown[] | UnkeptStream): void {
    clearTimeout(this.pause);
    this.chunks = null;
    this.settle(outcome);
  }
}
