import type { InterceptedCall, InterceptionRuntime } from '../cache-slot.js';
import { Ending } from '../ending.js';
import { onEndOfStream } from './end-of-stream.js';

/**
 * Makes what a call changes unusable once more when the stream that it answered has ended, since it may change things as
 * long as that is read.
 */
export function followStream(
  runtime: Pick<InterceptionRuntime, 'run'>,
  call: InterceptedCall,
  stream: AsyncIterable<unknown>,
): void {
  const over = new Ending();
  const run = runtime.run({ ...call, invoke: () => over.promise }).catch(() => undefined);
  onEndOfStream(stream, (end) => {
    if ('error' in end) over.reject(end.error);
    else over.resolve(undefined);
    return run;
  });
}
