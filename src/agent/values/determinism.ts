import { valueOf, type Hook } from '../calls/caching-options.js';
import type { MethodCall } from '../calls/method-policy.js';
import { aNumberOrFunction, type OptionRules } from '../options/option-rules.js';

/** For methods whose results come from a model. */
export interface DeterminismOptions<A extends readonly unknown[] = never, I = never> {
  /** Of the model. Anything but 0 is never cached, and neither is one that is not known: `undefined`, or so answered. */
  readonly temperature?: number | Hook<A, I, number | null | undefined> | undefined;
}

export const DETERMINISM_RULES: OptionRules = { temperature: aNumberOrFunction };

/** Whether the same call would be answered the same way again. A `temperature` that throws is unknown. */
export function isDeterministic(call: MethodCall, options: DeterminismOptions): boolean {
  if (!('temperature' in options)) return true;
  try {
    return valueOf<number | null | undefined>(call, options.temperature) === 0;
  } catch {
    return false;
  }
}
