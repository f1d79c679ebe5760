import { isAbortSignal } from './abort-signals.js';
import { ask, type Hook } from './caching-options.js';
import type { MethodCall, MethodServices } from './method-policy.js';
import { isPlainObject } from '../options/plain-object.js';

/** `key`, and what `vary` answers as one more segment. */
export function withVary(
  call: MethodCall,
  { keys }: MethodServices,
  key: string,
  vary: Hook<never, never, unknown> | undefined,
): string {
  return vary ? `${key}:#${keys.hash({ vary: ask(call, vary) })}` : key;
}

/** Arguments as parts of a key: without signals, which do not change what is asked for. The others keep their place. */
export function keyableArgs(args: readonly unknown[]): unknown[] {
  const end = args.findLastIndex((arg) => !isAbortSignal(arg)) + 1;
  return args.slice(0, end).map((arg) => (isAbortSignal(arg) ? undefined : withoutSignals(arg)));
}

/** A property that is `undefined` is none. */
function withoutSignals(arg: unknown): unknown {
  if (!isPlainObject(arg)) return arg;
  const signals = Object.keys(arg).filter((field) => isAbortSignal(arg[field]));
  return signals.length === 0 ? arg : { ...arg, ...Object.fromEntries(signals.map((field) => [field, undefined])) };
}
