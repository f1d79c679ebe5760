import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { UnkeptStream } from '../../../src/agent/streams/unkept-stream.js';
import { Recording } from '../../../src/nest/interception/streams/recording.js';

const MAX_BYTES = 1_000;

async function* echo(count: number): AsyncGenerator<unknown, unknown, unknown> {
  let last: unknown = 'first';
  for (let index = 0; index < count; index++) last = (yield last) ?? index;
  return undefined;
}

async function* of(...chunks: unknown[]): AsyncGenerator<unknown> {
  yield* chunks;
}

async function readAll(recording: Recording): Promise<unknown[]> {
  const chunks: unknown[] = [];
  for await (const chunk of recording) chunks.push(chunk);
  return chunks;
}

afterEach(() => void jest.useRealTimers());

describe('what is kept of a stream', () => {
  it('are all of its chunks, when it was read to its end', async () => {
    const recording = new Recording(echo(3), MAX_BYTES);
    expect(await readAll(recording)).toEqual(['first', 0, 1]);
    expect(await recording.outcome).toEqual(['first', 0, 1]);
  });

  it('is nothing where something was sent into it, since others would send something else', async () => {
    const recording = new Recording(echo(3), MAX_BYTES);
    const reading = recording[Symbol.asyncIterator]();
    expect(await reading.next()).toEqual({ done: false, value: 'first' });
    expect(await reading.next('sent')).toEqual({ done: false, value: 'sent' });
    while (!(await reading.next()).done);
    expect(await recording.outcome).toEqual(new UnkeptStream('something was sent into the stream'));
  });

  it.each([
    ['a chunk that would not come back equal', of('a', () => 'b'), 'a chunk of the stream cannot be stored'],
    ['more than the size', of('a'.repeat(600), 'b'.repeat(600)), 'larger than maxValueBytes'],
  ])('is nothing where it has %s; it is handed on whole', async (_what, source, reason) => {
    const recording = new Recording(source, MAX_BYTES);
    expect(await readAll(recording)).toHaveLength(2);
    expect(await recording.outcome).toEqual(new UnkeptStream(reason));
  });

  it.each([
    [59_999, ['first', 0, 1]],
    [60_000, new UnkeptStream('the stream was not read on for a minute')],
  ])('is given up where nobody reads on for a minute: %d ms', async (pauseMs, kept) => {
    jest.useFakeTimers();
    const recording = new Recording(echo(3), MAX_BYTES);
    const reading = recording[Symbol.asyncIterator]();
    await reading.next();
    jest.advanceTimersByTime(pauseMs);
    while (!(await reading.next()).done);
    expect(await recording.outcome).toEqual(kept);
  });

  it('is nothing where it is thrown into', async () => {
    const recording = new Recording(echo(3), MAX_BYTES);
    const reading = recording[Symbol.asyncIterator]();
    await reading.next();
    await expect(reading.throw?.(new RangeError('thrown in'))).rejects.toEqual(new RangeError('thrown in'));
    expect(await recording.outcome).toEqual(new UnkeptStream('the stream was left before its end'));
  });
});
