import { types } from 'node:util';
import type { InterceptedCall, InterceptionRuntime } from './cache-slot.js';
import { Ending } from './ending.js';
import { replay } from './replay.js';
import { kindOfResult } from './return-kind.js';
import { followStream } from './streams/follow-stream.js';
import { isStream } from '../../agent/streams/is-stream.js';

/**
 * Makes a call that changes what is cached, when and as often as the app makes it: a method may do its work before anyone
 * subscribes to what it answers. What it changes is unusable from before the call on, and again once it is over; for an
 * Observable also around each subscription, and for a stream once it has ended. Answers and throws what the method does.
 */
export function runAtOnce(runtime: InterceptionRuntime, call: InterceptedCall): unknown {
  const over = new Ending();
  const run = runtime.run({ ...call, invoke: () => over.promise });
  // The caller gets what the method answers, or throws, from the method itself.
  run.catch(() => undefined);
  try {
    const result = call.invoke(call.args);
    // Nothing else is waited for: what is like a promise may do its work again each time that one asks it.
    over.resolve(types.isPromise(result) ? result : undefined);
    return handOut(result, run, runtime, call);
  } catch (error) {
    over.reject(error);
    throw error;
  }
}

function handOut(result: unknown, run: Promise<unknown>, runtime: InterceptionRuntime, call: InterceptedCall): unknown {
  const kind = kindOfResult(result);
  if (kind === 'promise') return run;
  if (isStream(result)) followStream(runtime, call, result);
  return kind === 'observable' ? replay(runtime, { ...call, invoke: () => result }) : result;
}
