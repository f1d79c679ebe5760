import type { Hook } from '../calls/caching-options.js';
import type { MethodCall } from '../calls/method-policy.js';

/** What an app has to say before an answer is served or made. */
export interface PermissionOptions<A extends readonly unknown[] = never, I = never> {
  /**
   * Runs before every hit and every load, in the order in which `authorize` and `validate` are given, with the method's
   * `this` and arguments. What it throws is the caller's. Where it answers `false`, or an
   * Observable, the method itself runs and decides.
   */
  readonly authorize?: Hook<A, I, unknown> | undefined;
  /** As `authorize`. */
  readonly validate?: Hook<A, I, unknown> | undefined;
}

/** Rejects with what a hook threw. */
export async function isPermitted(call: MethodCall, options: PermissionOptions): Promise<boolean> {
  for (const name of Object.keys(options)) {
    const hook = name === 'authorize' || name === 'validate' ? options[name] : undefined;
    if (!hook) continue;
    const answer: unknown = await call.consult(() => Reflect.apply(hook, call.instance as never, call.args as never));
    // An Observable has not said anything yet.
    if (answer === false || isSubscribable(answer)) return false;
  }
  return true;
}

const isSubscribable = (answer: unknown): boolean =>
  typeof (answer as { readonly subscribe?: unknown } | null | undefined)?.subscribe === 'function';
