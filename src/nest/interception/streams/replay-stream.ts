import { AsyncLocalStorage } from 'node:async_hooks';
import { isStream } from '../../../agent/streams/is-stream.js';
import { UnkeptStream } from '../../../agent/streams/unkept-stream.js';
import type { InterceptedCall, InterceptionRuntime } from '../cache-slot.js';
import { Recording } from './recording.js';

/** What a call came to: a stream of the method's own, chunks from the cache, or something that is no stream. */
type Answer =
  | { readonly kind: 'stream'; readonly stream: AsyncIterable<unknown> }
  | { readonly kind: 'chunks'; readonly chunks: readonly unknown[]; readonly outcome: unknown }
  | { readonly kind: 'other'; readonly value: unknown };

/**
 * For a method that answers a stream at once: the same as an `AsyncGenerator`. The call is made, in the asynchronous context
 * of the caller, when the first chunk is asked for.
 */
export function replayStream(runtime: InterceptionRuntime, call: InterceptedCall): AsyncGenerator<unknown, unknown> {
  const inContextOfCall = AsyncLocalStorage.snapshot();
  return chunksOf(runtime, () => inContextOfCall(() => new StreamCall(runtime, call).answer()));
}

/** For a method that answers a Promise of one. Something that is no stream is answered as it is, and not stored. */
export async function replayPromisedStream(runtime: InterceptionRuntime, call: InterceptedCall): Promise<unknown> {
  const answer = await new StreamCall(runtime, call).answer();
  return answer.kind === 'other' ? answer.value : chunksOf(runtime, () => Promise.resolve(answer));
}

async function* chunksOf(
  runtime: InterceptionRuntime,
  ask: () => Promise<Answer>,
): AsyncGenerator<unknown, unknown, undefined> {
  const answer = await ask();
  if (answer.kind === 'other') throw new TypeError('a method that is declared to answer a stream answered none');
  if (answer.kind === 'stream') return yield* answer.stream as AsyncIterable<unknown, unknown>;
  for (const chunk of answer.chunks) {
    runtime.adoptOutcome(chunk, answer.outcome);
    yield chunk;
  }
  return undefined;
}

/** One call whose stream the cache records while it is read. */
class StreamCall {
  private open!: (answer: Answer) => void;
  private readonly opened = new Promise<Answer>((resolve) => {
    this.open = resolve;
  });
  /** Whoever asked has been given something to read. */
  private isAnswered = false;

  constructor(
    private readonly runtime: InterceptionRuntime,
    private readonly call: InterceptedCall,
  ) {}

  /** As soon as there is something to read: the load of a stream goes on for as long as that is read. */
  async answer(): Promise<Answer> {
    const { runtime, call } = this;
    const stream: InterceptedCall['stream'] = () => this.passOn();
    const run = runtime.run({ ...call, invoke: (args) => this.record(args), stream, isObservable: true });
    const stored = run.then((outcome): Answer => {
      if (Array.isArray(outcome)) return { kind: 'chunks', chunks: outcome as unknown[], outcome };
      return { kind: 'other', value: outcome };
    });
    // Whoever reads the method's own stream hears of its errors there.
    stored.catch(() => undefined);
    const answer = await Promise.race([this.opened, stored]);
    this.isAnswered = true;
    return answer;
  }

  /** For the cache: all chunks, when whoever reads them has come to the end. */
  private async record(args: readonly unknown[]): Promise<unknown> {
    const source = await this.call.invoke(args);
    if (!isStream(source)) {
      this.open({ kind: 'other', value: source });
      return new UnkeptStream('the method answered no stream');
    }
    const recording = new Recording(source, this.runtime.maxValueBytes);
    // A load in the background, for somebody who was given what is stored.
    if (this.isAnswered) void recording.drain();
    this.isAnswered = true;
    this.open({ kind: 'stream', stream: recording });
    return recording.outcome;
  }

  /** Past the cache. */
  private async passOn(): Promise<unknown> {
    const source = await this.call.invoke(this.call.args);
    this.open(isStream(source) ? { kind: 'stream', stream: source } : { kind: 'other', value: source });
    return source;
  }
}
